"""Between messages and rows: what a batch writes, how each row fared, and what a row holds."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any, NamedTuple

import sqlalchemy

from lyftr_core.errors import DataRefused, InvalidMessage, StorageError
from lyftr_core.message import AddOutcome, Message, StoredMessage
from lyftr_core.removal import hash_fields
from lyftr_core.timestamps import from_microseconds, to_microseconds
from lyftr_sql.conflicts import ConflictingDelivery, name_fields

__all__ = [
    "CONTENT",
    "Kept",
    "Row",
    "RowVanished",
    "conflicting",
    "fold_beyond_ascii",
    "hash_of",
    "tell_outcomes",
    "to_row",
    "to_stored",
]


def fold_beyond_ascii(text: str) -> str | None:
    """Return the folded text, or `None` where the lower case of A to Z alone gives the same.

    Texts are searched as `str.casefold` gives them. For nearly all texts the database computes the
    same by itself: `lower()` in SQLite, `lower(text COLLATE "C")` in PostgreSQL. Only for the
    others the folded text is stored too.
    """
    if text.isascii():
        return None
    folded = text.casefold()
    # `bytes.lower` changes A to Z alone, as the databases do.
    return None if folded.encode() == text.encode().lower() else folded


def hash_of(message_id: str, sender: str, recipient: str, ts: int, text: str | None) -> int:
    """Return the hash of a message that was delivered."""
    encoded = None if text is None else text.encode()
    return hash_fields(message_id.encode(), sender.encode(), recipient.encode(), ts, encoded)


class RowVanished(DataRefused):
    """A row was neither added nor there: the database left it out, by a trigger for example."""

    def __init__(self) -> None:
        super().__init__("a row was not stored, and is not there: a trigger may leave it out")


class Row(NamedTuple):
    """The columns that the writer fills, in the order in which it gives them."""

    message_id: str
    sender: str
    recipient: str
    ts: int
    text: str | None
    received_at: int
    folded: str | None

    @property
    def content(self) -> tuple[object, ...]:
        """What tells a duplicate from a conflict: the message itself."""
        return self[: len(CONTENT)]


CONTENT: tuple[str, ...] = Row._fields[: Row._fields.index("received_at")]
"""The columns that hold the message itself."""


def to_row(message: Message, received_at: datetime) -> Row:
    """Return the row of a message."""
    return Row(
        message.message_id,
        message.sender,
        message.recipient,
        to_microseconds(message.ts),
        message.text,
        to_microseconds(received_at),
        None if message.text is None else fold_beyond_ascii(message.text),
    )


class Kept(NamedTuple):
    """What the table holds under an identifier."""

    seq: int
    content_hash: int | None
    content: tuple[object, ...]

    def tell(self, row: Row) -> AddOutcome:
        """Tell a redelivery of it from another message with its identifier."""
        if self.content_hash is None:
            is_same = self.content == row.content
        else:  # it has been removed
            is_same = self.content_hash == hash_of(
                row.message_id, row.sender, row.recipient, row.ts, row.text
            )
        return AddOutcome.DUPLICATE if is_same else AddOutcome.CONFLICT

    def fields_other_than(self, row: Row) -> str:
        """Name the fields of a conflict; none are known of a removed message."""
        return name_fields(self.content[1:], row.content[1:]) if self.content_hash is None else ""


def tell_outcomes(
    batch: Sequence[Row], created: set[str], kept: Mapping[str, Kept]
) -> list[AddOutcome]:
    """Tell what became of each row, in the order of the batch.

    Args:
        batch: An identifier may come more than once; the first row of a new one is the created one.
        created: The identifiers that the batch added.
        kept: What the table holds under the identifiers of the batch; of one that is new and comes
            once, nothing is asked.
    """
    new = set(created)
    return [_outcome(row, new, kept) for row in batch]


def _outcome(row: Row, new: set[str], kept: Mapping[str, Kept]) -> AddOutcome:
    if row.message_id in new:
        new.remove(row.message_id)
        return AddOutcome.CREATED
    return kept[row.message_id].tell(row)


def conflicting(
    batch: Sequence[Row], outcomes: Sequence[AddOutcome], kept: Mapping[str, Kept]
) -> Iterator[ConflictingDelivery]:
    """Yield what is recorded of those rows of a batch that are conflicts."""
    for row, outcome in zip(batch, outcomes, strict=True):
        if outcome is AddOutcome.CONFLICT:
            fields = kept[row.message_id].fields_other_than(row)
            yield ConflictingDelivery(row.message_id, fields, row.received_at)


def to_stored(row: sqlalchemy.Row[Any] | SimpleNamespace) -> StoredMessage:
    """Return the stored message of a whole row of `messages`, its columns as attributes.

    Raises:
        StorageError: Another program wrote what is no valid message.
    """
    try:
        return StoredMessage(
            message=Message(
                message_id=row.message_id,
                sender=row.sender,
                recipient=row.recipient,
                ts=from_microseconds(row.ts),
                text=row.text,
            ),
            received_at=from_microseconds(row.received_at),
            seq=row.seq,
        )
    except (InvalidMessage, OverflowError, TypeError) as exc:
        raise StorageError(f"the row with seq {row.seq} is no valid message") from exc
