"""Between a message and its row."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from lyftr_core.message import Message, StoredMessage
from lyftr_core.timestamps import from_microseconds, to_microseconds

__all__ = ["COLUMNS", "to_row", "to_stored"]

COLUMNS = ("message_id", "sender", "recipient", "ts", "text", "received_at")
"""The columns that the writer fills, in the order of `to_row`."""


def to_row(message: Message, received_at: datetime) -> tuple[str | int | None, ...]:
    """Return the values of `COLUMNS`."""
    return (
        message.message_id,
        message.sender,
        message.recipient,
        to_microseconds(message.ts),
        message.text,
        to_microseconds(received_at),
    )


def to_stored(row: Row[Any]) -> StoredMessage:
    """Return the stored message of a whole row of `messages`."""
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
