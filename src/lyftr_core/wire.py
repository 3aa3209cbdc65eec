"""The JSON of messages and of the figures over them, as it goes over the wire and into files."""

from datetime import datetime
from typing import Annotated

import msgspec

from lyftr_core.message import Message, StoredMessage
from lyftr_core.selection import Stats
from lyftr_core.timestamps import format_timestamp, parse_timestamp

__all__ = ["MessageItem", "PhoneNumber", "StatsBody", "Timestamp", "WireMessage", "body_of"]

Timestamp = Annotated[
    str,
    msgspec.Meta(description="RFC 3339 in UTC, canonical", examples=["2026-01-15T09:28:35Z"]),
]
PhoneNumber = Annotated[str, msgspec.Meta(description="E.164", examples=["+919876543210"])]

_encode = msgspec.json.Encoder().encode


class WireMessage(msgspec.Struct, gc=False, omit_defaults=True):
    """The body of a webhook: the JSON types of a message's fields; unknown fields are ignored."""

    message_id: str
    sender: str = msgspec.field(name="from")
    recipient: str = msgspec.field(name="to")
    ts: str
    text: str | None = None

    def to_message(self) -> Message:
        """Return the message.

        Raises:
            InvalidTimestamp: `ts` is not one.
            InvalidMessage: Another field breaks a rule.
        """
        return Message(
            message_id=self.message_id,
            sender=self.sender,
            recipient=self.recipient,
            ts=parse_timestamp(self.ts),
            text=self.text,
        )


def body_of(message: Message) -> bytes:
    """Return a message as the body of a webhook, in UTF-8."""
    ts = format_timestamp(message.ts)
    wire = WireMessage(message.message_id, message.sender, message.recipient, ts, message.text)
    return _encode(wire)


class MessageItem(msgspec.Struct, frozen=True, kw_only=True):
    """A stored message."""

    message_id: str
    sender: PhoneNumber = msgspec.field(name="from")
    recipient: PhoneNumber = msgspec.field(name="to")
    ts: Timestamp
    text: str | None
    received_at: Timestamp
    seq: int

    @classmethod
    def of(cls, stored: StoredMessage) -> "MessageItem":
        """Make the item of a stored message."""
        message = stored.message
        return cls(
            message_id=message.message_id,
            sender=message.sender,
            recipient=message.recipient,
            ts=format_timestamp(message.ts),
            text=message.text,
            received_at=format_timestamp(stored.received_at),
            seq=stored.seq,
        )


class SenderItem(msgspec.Struct, frozen=True):
    """A sender and the number of its messages."""

    sender: PhoneNumber = msgspec.field(name="from")
    count: int


class HourItem(msgspec.Struct, frozen=True):
    """An hour, by its beginning, and the number of messages with a `ts` in it."""

    hour: Timestamp
    count: int


class StatsBody(msgspec.Struct, frozen=True, kw_only=True):
    """Figures over all messages."""

    total_messages: int
    senders_count: int
    messages_per_sender: list[SenderItem]
    first_message_ts: Timestamp | None
    last_message_ts: Timestamp | None
    messages_per_hour: list[HourItem]

    @classmethod
    def of(cls, stats: Stats) -> "StatsBody":
        """Make the body of the statistics."""
        return cls(
            total_messages=stats.total_messages,
            senders_count=stats.senders_count,
            messages_per_sender=[SenderItem(s.sender, s.count) for s in stats.messages_per_sender],
            first_message_ts=_optional(stats.first_message_ts),
            last_message_ts=_optional(stats.last_message_ts),
            messages_per_hour=[
                HourItem(format_timestamp(h.hour), h.count) for h in stats.messages_per_hour
            ],
        )


def _optional(moment: datetime | None) -> str | None:
    return None if moment is None else format_timestamp(moment)
