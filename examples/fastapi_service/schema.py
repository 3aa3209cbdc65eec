"""The tables of the service, and how a message becomes a row and a row a message.

Moments are ISO 8601 with six digits of a fraction, so that their order as text is theirs in time.
SQLite compares text by its UTF-8 bytes, which is the order of code points that the ports ask for.
"""

from datetime import datetime

from lyftr_core import Conflict, Message, StoredMessage

__all__ = ["SCHEMA", "from_moment", "to_conflict", "to_moment", "to_row", "to_stored"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id TEXT NOT NULL UNIQUE,
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    ts TEXT NOT NULL,
    text TEXT,
    received_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_by_ts ON messages (ts, message_id);
CREATE TABLE IF NOT EXISTS conflicts (
    message_id TEXT NOT NULL,
    fields TEXT NOT NULL,
    first_received_at TEXT NOT NULL,
    last_received_at TEXT NOT NULL,
    deliveries INTEGER NOT NULL,
    PRIMARY KEY (message_id, fields)
);
"""

Row = tuple[int, str, str, str, str, str | None, str]


def to_row(message: Message, received_at: datetime) -> tuple[str | None, ...]:
    """Return the columns of a new message; `seq` comes from the table."""
    return (
        message.message_id,
        message.sender,
        message.recipient,
        from_moment(message.ts),
        message.text,
        from_moment(received_at),
    )


def to_stored(row: Row) -> StoredMessage:
    """Return the message of a row."""
    seq, message_id, sender, recipient, ts, text, received_at = row
    return StoredMessage(
        message=Message(
            message_id=message_id, sender=sender, recipient=recipient, ts=to_moment(ts), text=text
        ),
        received_at=to_moment(received_at),
        seq=seq,
    )


def to_conflict(row: tuple[str, str, str, str, int]) -> Conflict:
    """Return the conflict of a row."""
    message_id, fields, first, last, deliveries = row
    return Conflict(
        message_id=message_id,
        fields=tuple(fields.split(",")),
        first_received_at=to_moment(first),
        last_received_at=to_moment(last),
        deliveries=deliveries,
    )


def from_moment(moment: datetime) -> str:
    """Return the text of a moment in UTC."""
    return moment.isoformat(timespec="microseconds")


def to_moment(text: str) -> datetime:
    """Return the moment of a text that `from_moment` wrote."""
    return datetime.fromisoformat(text)
