"""What a reader is asked, and what it answers: filters, selections, matches and statistics."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

import msgspec

from lyftr_core.errors import Fault, FaultCode, InvalidQuery
from lyftr_core.message import (
    Message,
    StoredMessage,
    check_moment,
    check_phone_number,
    check_surrogates,
)

__all__ = [
    "BUSIEST_SENDERS",
    "MAX_QUERY_LENGTH",
    "RECENT_HOURS",
    "HourCount",
    "LogRun",
    "LogSelection",
    "Matches",
    "MessageFilter",
    "Order",
    "Position",
    "Selection",
    "SenderCount",
    "Stats",
    "check_search_text",
    "found_in",
    "highlighted",
    "recent_hours",
]

MAX_QUERY_LENGTH = 256
"""In characters (Unicode code points)."""
BUSIEST_SENDERS = 10
"""How many senders the statistics name."""
RECENT_HOURS = 24
"""How many hours the statistics count one by one."""

_HOUR = timedelta(hours=1)


class MessageFilter(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Which messages to look for. What is `None` restricts nothing; the rest must all hold.

    Attributes:
        sender: The exact phone number of the sender, `from` on the wire.
        recipient: The exact phone number of the recipient, `to` on the wire.
        since: The earliest `ts`, inclusive; aware, in UTC.
        until: The latest `ts`, exclusive; aware, in UTC.
        q: 1 to 256 characters that the text holds, compared by `str.casefold`.

    Raises:
        InvalidQuery: One or more of these rules are broken; it names every fault.

    Example:
        >>> MessageFilter(sender="+12", q="hello").q
        'hello'
        >>> MessageFilter(q="")
        Traceback (most recent call last):
        lyftr_core.errors.InvalidQuery: q: must not be empty
    """

    sender: str | None = msgspec.field(default=None, name="from")
    recipient: str | None = msgspec.field(default=None, name="to")
    since: datetime | None = None
    until: datetime | None = None
    q: str | None = None

    def __post_init__(self) -> None:
        faults = [
            None if self.sender is None else check_phone_number(self.sender, "from"),
            None if self.recipient is None else check_phone_number(self.recipient, "to"),
            None if self.since is None else check_moment(self.since, "since"),
            None if self.until is None else check_moment(self.until, "until"),
            None if self.q is None else check_search_text(self.q),
        ]
        if any(faults):
            raise InvalidQuery([fault for fault in faults if fault])

    @cached_property
    def _folded_q(self) -> str:
        return (self.q or "").casefold()

    def matches(self, message: Message, folded_text: str | None = None) -> bool:
        """Tell whether a message passes. Every adapter must answer as this does.

        Args:
            message: The message.
            folded_text: Its text (empty if it has none) by `str.casefold`, so that a caller with
                many filters folds it only once; by default it is folded here.
        """
        return (
            (self.sender is None or message.sender == self.sender)
            and (self.recipient is None or message.recipient == self.recipient)
            and (self.since is None or message.ts >= self.since)
            and (self.until is None or message.ts < self.until)
            and (self.q is None or self._holds_q(message, folded_text))
        )

    def _holds_q(self, message: Message, folded_text: str | None) -> bool:
        text = (message.text or "").casefold() if folded_text is None else folded_text
        return self._folded_q in text


def highlighted(text: str, q: str | None) -> Iterator[tuple[str, bool]]:
    """Split a text into parts, each with whether it is a hit of a search.

    The parts together are the text. There is a hit exactly where `MessageFilter(q=q)` matches.

    Args:
        text: The text.
        q: The search text; without it nothing is a hit.
    """
    end = 0
    for start, stop in found_in(text, q) if q else ():
        if start > end:
            yield text[end:start], False
        if stop > end:
            yield text[max(start, end) : stop], True
            end = stop
    if end < len(text):
        yield text[end:], False


def found_in(text: str, q: str) -> Iterator[tuple[int, int]]:
    """Return where a text holds a search text, as start and stop in the text itself.

    A character is found as a whole even if only a part of what it folds to was, as `ß` by `s`. So
    two places may share a character.
    """
    origins = [index for index, char in enumerate(text) for _ in char.casefold()]
    folded, wanted = text.casefold(), q.casefold()
    at = folded.find(wanted)
    while at >= 0:
        stop = at + len(wanted)
        yield origins[at], origins[stop - 1] + 1
        at = folded.find(wanted, stop)


class Order(StrEnum):
    """The order of `ts`, then `message_id` by code point; or its reverse."""

    ASCENDING = "asc"
    DESCENDING = "desc"


class Position(msgspec.Struct, frozen=True):
    """A place in the order of messages: just at the message with this time and identifier."""

    ts: datetime
    message_id: str


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """A run of messages.

    Attributes:
        filter: Which messages.
        order: In which order.
        limit: At most how many, from 1.
        offset: How many to leave out at the beginning, from 0 to 2^63 - 1.
        after: Begin behind this place in the order.
        with_total: Whether to count all messages that pass the filter.
    """

    filter: MessageFilter
    order: Order = Order.ASCENDING
    limit: int
    offset: int = 0
    after: Position | None = None
    with_total: bool = True


class Matches(msgspec.Struct, frozen=True):
    """The answer to a selection.

    Attributes:
        messages: The messages, in order.
        total: How many messages pass the filter, wherever the run begins; `None` if not asked.
    """

    messages: tuple[StoredMessage, ...]
    total: int | None


class LogSelection(msgspec.Struct, frozen=True, kw_only=True):
    """A run of the log, in the order of commit.

    Attributes:
        filter: Which messages.
        after: Begin behind this `seq`, from 0 to 2^63 - 1; 0 is before the first message.
        limit: At most how many messages, from 1.
    """

    filter: MessageFilter
    after: int
    limit: int


class LogRun(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a selection of the log.

    Attributes:
        messages: Every message behind `after` and not behind `through` that passes the filter, by
            `seq` ascending.
        through: Up to which `seq` the log was looked at; at least `after`.
        has_more: Whether there is anything behind `through`, passing or not.
    """

    messages: tuple[StoredMessage, ...]
    through: int
    has_more: bool


class SenderCount(msgspec.Struct, frozen=True):
    """A sender and the number of its messages."""

    sender: str = msgspec.field(name="from")
    count: int


class HourCount(msgspec.Struct, frozen=True):
    """An hour, by its beginning in UTC, and the number of messages with a `ts` in it."""

    hour: datetime
    count: int


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """Figures over all messages.

    Attributes:
        total_messages: How many there are.
        senders_count: How many different senders there are.
        messages_per_sender: The ten busiest, by count descending, then phone number ascending.
        first_message_ts: The earliest `ts`, or `None` if there are no messages.
        last_message_ts: The latest `ts`, or `None` if there are no messages.
        messages_per_hour: The hour of the latest `ts` and the 23 before it, the earliest first,
            those without a message too; nothing if there are no messages.
    """

    total_messages: int
    senders_count: int
    messages_per_sender: tuple[SenderCount, ...]
    first_message_ts: datetime | None
    last_message_ts: datetime | None
    messages_per_hour: tuple[HourCount, ...]


def recent_hours(last_message_ts: datetime) -> list[datetime]:
    """Return the beginnings of the hours that `Stats.messages_per_hour` counts, in order.

    They are fewer than 24 only where the year 1 begins.
    """
    last = last_message_ts.replace(minute=0, second=0, microsecond=0)
    known = (last - last.min.replace(tzinfo=last.tzinfo)) // _HOUR
    return [last - n * _HOUR for n in range(min(RECENT_HOURS - 1, known), -1, -1)]


def check_search_text(value: object, field: str = "q") -> Fault | None:
    """Check the rules of a search text."""
    if not isinstance(value, str):
        return Fault(field, FaultCode.WRONG_TYPE, "must be a string")
    if not value:
        return Fault(field, FaultCode.TOO_SHORT, "must not be empty")
    if len(value) > MAX_QUERY_LENGTH:
        return Fault(field, FaultCode.TOO_LONG, f"must have at most {MAX_QUERY_LENGTH} characters")
    if "\0" in value:
        return Fault(field, FaultCode.NUL_CHARACTER, "must not hold the NUL character")
    return check_surrogates(value, field)
