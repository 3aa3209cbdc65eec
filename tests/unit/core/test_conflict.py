from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from lyftr_core import (
    AddOutcome,
    Conflict,
    ConflictPage,
    FaultCode,
    InMemoryMessageRepository,
    InvalidQuery,
    ListConflicts,
    Message,
    differing_fields,
)
from lyftr_core.conflict import CONTENT_FIELDS
from lyftr_core.testing import messages
from lyftr_core.testing.strategies.samples import NOON, fill, sample

# Two values a field, one of them awkward, so that any set of fields differs often.
_pairs = messages(
    message_id=st.just("m1"),
    sender=st.sampled_from(["+12", "+120"]),
    recipient=st.sampled_from(["+13", "+130"]),
    ts=st.sampled_from([NOON, NOON + timedelta(microseconds=1)]),
    text=st.sampled_from([None, "", "a", "A"]),
)


@given(first=_pairs, second=_pairs)
def test_differing_fields_are_those_that_differ_on_the_wire(
    first: Message, second: Message
) -> None:
    one, other = msgspec.to_builtins(first), msgspec.to_builtins(second)
    assert differing_fields(first, second) == tuple(n for n in one if one[n] != other[n])


@given(first=messages(message_id=st.just("m1")), second=messages(message_id=st.just("m1")))
def test_only_equal_messages_differ_in_nothing(first: Message, second: Message) -> None:
    assert (differing_fields(first, second) == ()) is (first == second)
    assert differing_fields(first, second) == differing_fields(second, first)
    assert differing_fields(first, first) == ()


def test_every_field_but_the_identifier_can_differ() -> None:
    other = Message(message_id="m1", sender="+12", recipient="+13", ts=NOON + timedelta(1))
    assert differing_fields(sample(), other) == CONTENT_FIELDS == ("from", "to", "ts", "text")


def test_a_conflict_shows_nothing_of_the_content() -> None:
    assert set(Conflict.__struct_fields__) == {
        *("message_id", "fields", "first_received_at", "last_received_at", "deliveries")
    }


async def repository_with_conflicts(*message_ids: str) -> InMemoryMessageRepository:
    """Return a repository with a conflict under each identifier, a second apart."""
    repository = InMemoryMessageRepository()
    await fill(repository, map(sample, message_ids))
    for count, message_id in enumerate(message_ids):
        other = replace(sample(message_id), text="other")
        outcome = await repository.add(other, received_at=NOON + timedelta(seconds=count))
        assert outcome is AddOutcome.CONFLICT
    return repository


async def test_conflicts_are_listed_the_latest_first() -> None:
    list_conflicts = ListConflicts(await repository_with_conflicts("a", "b"))
    latest = NOON + timedelta(seconds=1)
    b, a = (await list_conflicts()).items
    assert [a.message_id, b.message_id] == ["a", "b"]
    assert b == Conflict(
        message_id="b",
        fields=("text",),
        first_received_at=latest,
        last_received_at=latest,
        deliveries=1,
    )


@pytest.mark.parametrize(
    ("limit", "listed", "has_more"), [(1, "c", True), (2, "cb", True), (3, "cba", False)]
)
async def test_a_list_says_whether_there_are_more(
    limit: int, listed: str, *, has_more: bool
) -> None:
    page = await ListConflicts(await repository_with_conflicts("a", "b", "c"))(limit)
    assert "".join(conflict.message_id for conflict in page.items) == listed
    assert page.has_more is has_more


async def test_without_conflicts_the_list_is_empty() -> None:
    assert await ListConflicts(InMemoryMessageRepository())() == ConflictPage((), has_more=False)


async def test_a_hundred_are_listed_unless_told_otherwise() -> None:
    names = [f"m{count:03}" for count in range(101)]
    list_conflicts = ListConflicts(await repository_with_conflicts(*names))
    assert len((await list_conflicts()).items) == 100
    assert len((await list_conflicts(10_000)).items) == 101


@pytest.mark.parametrize("limit", [0, -1, 10_001])
async def test_a_limit_out_of_range_is_refused(limit: int) -> None:
    with pytest.raises(InvalidQuery) as caught:
        await ListConflicts(InMemoryMessageRepository())(limit)
    assert [(f.field, f.code) for f in caught.value.faults] == [("limit", FaultCode.OUT_OF_RANGE)]


async def test_one_conflict_more_than_asked_for_is_read_and_no_more() -> None:
    class Noting(InMemoryMessageRepository):
        asked = 0

        async def conflicts(self, limit: int) -> tuple[Conflict, ...]:
            self.asked = limit
            return await super().conflicts(limit)

    repository = Noting()
    await ListConflicts(repository)(7)
    assert repository.asked == 8
