"""From a row to the message it holds."""

from types import SimpleNamespace
from typing import Any

from sqlalchemy import Row

from lyftr_core.errors import InvalidMessage, StorageError
from lyftr_core.message import Message, StoredMessage
from lyftr_core.timestamps import from_microseconds

__all__ = ["to_stored"]


def to_stored(row: Row[Any] | SimpleNamespace) -> StoredMessage:
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
