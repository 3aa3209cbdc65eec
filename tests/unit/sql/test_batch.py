"""How the rows of a batch fared: told in its order, from what the table holds after it."""

from datetime import UTC, datetime

from lyftr_core import AddOutcome, Message
from lyftr_sql.conflicts import ConflictingDelivery
from lyftr_sql.rows import Kept, Row, conflicting, hash_of, tell_outcomes, to_row

CREATED, DUPLICATE, CONFLICT = AddOutcome.CREATED, AddOutcome.DUPLICATE, AddOutcome.CONFLICT
NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)


def row(message_id: str, text: str | None = "hello") -> Row:
    message = Message(message_id=message_id, sender="+10", recipient="+11", ts=NOW, text=text)
    return to_row(message, NOW)


def test_the_first_row_of_a_new_identifier_is_the_created_one() -> None:
    batch = [row("new"), row("old"), row("new"), row("new", "other")]
    kept = {"new": Kept(2, None, batch[0].content), "old": Kept(1, None, batch[1].content)}
    assert tell_outcomes(batch, {"new"}, kept) == [CREATED, DUPLICATE, DUPLICATE, CONFLICT]


def test_the_identifiers_that_were_created_stay_with_the_caller() -> None:
    created = {"a", "b"}
    assert tell_outcomes([row("a"), row("b")], created, {}) == [CREATED, CREATED]
    assert created == {"a", "b"}


def test_a_removed_message_is_known_by_its_hash() -> None:
    again, other = row("m"), row("m", None)
    removed = Kept(1, hash_of(again.message_id, "+10", "+11", again.ts, "hello"), ("m",))
    assert tell_outcomes([again, other], set(), {"m": removed}) == [DUPLICATE, CONFLICT]


def test_of_a_conflict_the_fields_are_recorded_unless_the_message_was_removed() -> None:
    batch = [row("m", "other"), row("gone", "other"), row("m")]
    kept = {"m": Kept(1, None, batch[2].content), "gone": Kept(2, 7, ("gone",))}
    outcomes = tell_outcomes(batch, set(), kept)
    received_at = batch[0].received_at
    assert list(conflicting(batch, outcomes, kept)) == [
        ConflictingDelivery("m", "text", received_at),
        ConflictingDelivery("gone", "", received_at),
    ]
