"""How many messages pass a filter, from counts kept by sender, by recipient and by time.

What those leave open is counted one by one: the two minutes that a period cuts, and filters on
more than one thing.
"""

from sqlalchemy import ColumnElement, Table, and_, func, literal, or_, select, true

from lyftr_core.reading import MessageFilter
from lyftr_core.timestamps import from_microseconds, to_microseconds
from lyftr_sqlite.access_paths import by_ts
from lyftr_sqlite.conditions import in_tail
from lyftr_sqlite.projections import DAY, HOUR, MINUTE
from lyftr_sqlite.schema import (
    counts_by_recipient,
    counts_by_sender,
    counts_by_time,
    messages,
    totals,
)

__all__ = ["count_all", "count_by_recipient", "count_by_sender", "count_by_time", "spans"]

_BEGINNING = -62_135_596_800_000_000
"""0001-01-01T00:00:00Z, in microseconds."""
_END = 253_402_300_800_000_000
"""10000-01-01T00:00:00Z, in microseconds."""


def count_all() -> ColumnElement[int]:
    """Return the number of all messages."""
    kept = select(totals.c.value).where(totals.c.name == "messages").scalar_subquery()
    return kept + _in_tail(true())


def count_by_sender(sender: str) -> ColumnElement[int]:
    """Return the number of a sender's messages."""
    condition = messages.c.sender == sender
    return _kept(counts_by_sender, counts_by_sender.c.sender == sender) + _in_tail(condition)


def count_by_recipient(recipient: str) -> ColumnElement[int]:
    """Return the number of messages to a recipient."""
    condition = messages.c.recipient == recipient
    kept = _kept(counts_by_recipient, counts_by_recipient.c.recipient == recipient)
    return kept + _in_tail(condition)


def count_by_time(query: MessageFilter) -> ColumnElement[int]:
    """Return the number of messages in the period of a filter."""
    low = _BEGINNING if query.since is None else to_microseconds(query.since)
    high = _END if query.until is None else to_microseconds(query.until)
    first, last = _up(low, MINUTE), _down(high, MINUTE)
    if first >= last:
        return by_ts(query).count()
    return _between(low, first) + _whole_minutes(first, last) + _between(last, high)


def spans(low: int, high: int, *widths: int) -> list[tuple[int, int, int]]:
    """Cover a period with few buckets: narrow ones at its ends, ever wider ones between.

    Args:
        low: The beginning of the period, a multiple of the first width.
        high: Its end, exclusive, a multiple of the first width.
        widths: Of the buckets, ascending, each a multiple of the one before.

    Returns:
        `(width, low, high)`: all buckets of this width that begin from `low` to before `high`.
    """
    width, *wider = widths
    if not wider:
        return [(width, low, high)]
    first, last = _up(low, wider[0]), _down(high, wider[0])
    if first >= last:
        return [(width, low, high)]
    return [(width, low, first), *spans(first, last, *wider), (width, last, high)]


def _whole_minutes(low: int, high: int) -> ColumnElement[int]:
    start = counts_by_time.c.start
    buckets = (
        and_(counts_by_time.c.width == width, start >= first, start < last)
        for width, first, last in spans(low, high, MINUTE, HOUR, DAY)
        if first < last
    )
    kept = select(func.coalesce(func.sum(counts_by_time.c.messages), 0)).where(or_(*buckets))
    return kept.scalar_subquery() + _in_tail(and_(messages.c.ts >= low, messages.c.ts < high))


def _between(low: int, high: int) -> ColumnElement[int]:
    """Count the messages of less than a minute one by one."""
    if low == high:
        return literal(0)
    period = MessageFilter(since=from_microseconds(low), until=from_microseconds(high))
    return by_ts(period).count()


def _kept(counts: Table, condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(select(counts.c.messages).where(condition).scalar_subquery(), 0)


def _in_tail(condition: ColumnElement[bool]) -> ColumnElement[int]:
    count = select(func.count()).select_from(messages).where(in_tail("counts"), condition)
    return count.scalar_subquery()


def _up(moment: int, width: int) -> int:
    return -(-moment // width) * width


def _down(moment: int, width: int) -> int:
    return moment // width * width
