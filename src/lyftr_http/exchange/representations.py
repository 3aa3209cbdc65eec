"""The JSON that the routes answer with."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from lyftr_core import Fault, FaultCode, LogPage, Page, Stats, StoredMessage, format_timestamp

__all__ = [
    "Accepted",
    "FaultItem",
    "Invalid",
    "Live",
    "MessageItem",
    "MessageLog",
    "MessagePage",
    "Problem",
    "Ready",
    "StatsBody",
    "Unready",
    "encode",
]

encode = msgspec.json.encode

Timestamp = Annotated[
    str,
    msgspec.Meta(description="RFC 3339 in UTC, canonical", examples=["2026-01-15T09:28:35Z"]),
]
PhoneNumber = Annotated[str, msgspec.Meta(description="E.164", examples=["+919876543210"])]


class Accepted(msgspec.Struct, frozen=True):
    """The message is committed, now or earlier."""

    status: Literal["ok"]


class Live(msgspec.Struct, frozen=True):
    """The process answers."""

    status: Literal["ok"]


class Ready(msgspec.Struct, frozen=True):
    """Every check passed."""

    status: Literal["ok"]
    checks: dict[str, str]


class Unready(msgspec.Struct, frozen=True):
    """A check failed; `checks` says which."""

    detail: str
    checks: dict[str, str]


class Problem(msgspec.Struct, frozen=True):
    """What went wrong, in one sentence."""

    detail: str


class FaultItem(msgspec.Struct, frozen=True):
    """One thing that is wrong with the input."""

    loc: list[str]
    msg: str
    type: FaultCode

    @classmethod
    def of(cls, fault: Fault, place: str) -> "FaultItem":
        """Make the item of a fault found in `body`, `query`, `path` or `header`."""
        return cls([place, fault.field] if fault.field else [place], fault.msg, fault.code)


class Invalid(msgspec.Struct, frozen=True):
    """Everything that is wrong with the input."""

    detail: list[FaultItem]


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


class MessagePage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of messages."""

    items: list[MessageItem]
    total: int | None
    limit: int
    offset: int
    next_cursor: str | None

    @classmethod
    def of(cls, page: Page) -> "MessagePage":
        """Make the body of a page."""
        return cls(
            items=[MessageItem.of(stored) for stored in page.items],
            total=page.total,
            limit=page.limit,
            offset=page.offset,
            next_cursor=page.next_cursor,
        )


class MessageLog(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the messages in the order of commit."""

    items: list[MessageItem]
    total: None
    limit: int
    next_after: Annotated[int, msgspec.Meta(description="The next part is behind this `seq`.")]
    has_more: Annotated[bool, msgspec.Meta(description="Whether that part is there already.")]

    @classmethod
    def of(cls, page: LogPage) -> "MessageLog":
        """Make the body of a part of the log."""
        return cls(
            items=[MessageItem.of(stored) for stored in page.items],
            total=None,
            limit=page.limit,
            next_after=page.next_after,
            has_more=page.has_more,
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
