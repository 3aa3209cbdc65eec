"""How many messages pass a filter, from counts kept by sender, by recipient and by time.

What those leave open is counted one by one: the two minutes that a period cuts, and filters on
more than one thing.
"""

from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Subquery,
    Table,
    and_,
    cast,
    func,
    literal,
    or_,
    select,
)

from lyftr_core.selection import MessageFilter
from lyftr_core.timestamps import from_microseconds, to_microseconds
from lyftr_sql.conditions import Conditions
from lyftr_sql.time_buckets import DAY, HOUR, MINUTE, round_down, round_up, spans

__all__ = ["CountTables", "Totals"]

_BEGINNING = -62_135_596_800_000_000
"""0001-01-01T00:00:00Z, in microseconds."""
_END = 253_402_300_800_000_000
"""10000-01-01T00:00:00Z, in microseconds."""


class CountTables(NamedTuple):
    """The tables of the projection `counts`."""

    totals: Table
    by_sender: Table
    by_recipient: Table
    by_time: Table


class Totals:
    """Numbers of messages, as expressions: what is counted already, and the tail.

    Args:
        conditions: On the log.
        counts: What is counted already.
        count_one_by_one: Counts the messages that pass a filter by looking at each.
    """

    def __init__(
        self,
        conditions: Conditions,
        counts: CountTables,
        count_one_by_one: Callable[[MessageFilter], ColumnElement[int]],
    ) -> None:
        self._conditions = conditions
        self._counts = counts
        self._count_one_by_one = count_one_by_one

    def count_kept(self, query: MessageFilter) -> ColumnElement[int] | None:
        """Return the number of messages that pass a filter, if counts are kept that tell it.

        Args:
            query: Without `q`.
        """
        has_period = query.since is not None or query.until is not None
        match (query.sender, query.recipient, has_period):
            case (None, None, False):
                return self.count_all()
            case (None, None, True):
                return self.count_by_time(query)
            case (str(sender), None, False):
                return self.count_by_sender(sender)
            case (None, str(recipient), False):
                return self.count_by_recipient(recipient)
        return None

    def count_all(self) -> ColumnElement[int]:
        """Return the number of all messages."""
        totals = self._counts.totals.c
        kept = select(totals.value).where(totals.name == "messages").scalar_subquery()
        return kept + _number_of(self._tail())

    def count_by_sender(self, sender: str) -> ColumnElement[int]:
        """Return the number of a sender's messages."""
        counts, tail = self._counts.by_sender, self._tail()
        kept = _kept(counts, counts.c.sender == sender)
        return kept + _number_of(tail, tail.c.sender == sender)

    def count_by_recipient(self, recipient: str) -> ColumnElement[int]:
        """Return the number of messages to a recipient."""
        counts, tail = self._counts.by_recipient, self._tail()
        kept = _kept(counts, counts.c.recipient == recipient)
        return kept + _number_of(tail, tail.c.recipient == recipient)

    def count_by_time(self, query: MessageFilter) -> ColumnElement[int]:
        """Return the number of messages in the period of a filter."""
        low = _BEGINNING if query.since is None else to_microseconds(query.since)
        high = _END if query.until is None else to_microseconds(query.until)
        first, last = round_up(low, MINUTE), round_down(high, MINUTE)
        if first >= last:
            return self._count_one_by_one(query)
        ends = self._between(low, first) + self._between(last, high)
        return self._whole_minutes(first, last) + ends

    def _whole_minutes(self, low: int, high: int) -> ColumnElement[int]:
        counts, tail = self._counts.by_time.c, self._tail()
        buckets = (
            and_(counts.width == width, counts.start >= first, counts.start < last)
            for width, first, last in spans(low, high, MINUTE, HOUR, DAY)
            if first < last
        )
        # The sum of integers is none in every database: PostgreSQL makes it a decimal number.
        total = cast(func.coalesce(func.sum(counts.messages), 0), BigInteger)
        kept = select(total).where(or_(*buckets)).scalar_subquery()
        return kept + _number_of(tail, tail.c.ts >= low, tail.c.ts < high)

    def _between(self, low: int, high: int) -> ColumnElement[int]:
        """Count the messages of less than a minute one by one."""
        if low == high:
            return literal(0)
        period = MessageFilter(since=from_microseconds(low), until=from_microseconds(high))
        return self._count_one_by_one(period)

    def _tail(self) -> Subquery:
        return self._conditions.tail("counts")


def _number_of(rows: FromClause, *conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return select(func.count()).select_from(rows).where(*conditions).scalar_subquery()


def _kept(counts: Table, condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(select(counts.c.messages).where(condition).scalar_subquery(), 0)
