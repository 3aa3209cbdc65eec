"""The statistics, from the counts that are kept and the tail that they do not hold yet."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
    FromClause,
    Select,
    Table,
    func,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_core.selection import BUSIEST_SENDERS, HourCount, SenderCount, Stats, recent_hours
from lyftr_core.timestamps import from_microseconds, to_microseconds
from lyftr_sql.conditions import Conditions
from lyftr_sql.time_buckets import HOUR
from lyftr_sql.totals import CountTables, Totals

__all__ = ["Figures"]


class Figures:
    """The statistics, by three queries.

    Args:
        conditions: On the log.
        counts: What is counted already.
        totals: Counts all messages.
        first_ts: The `ts` of the first message, if there is any.
        last_ts: That of the last.
    """

    def __init__(
        self,
        conditions: Conditions,
        counts: CountTables,
        totals: Totals,
        first_ts: ColumnElement[int | None],
        last_ts: ColumnElement[int | None],
    ) -> None:
        self._conditions = conditions
        self._counts = counts
        tail = _senders_in_tail(conditions)
        self._figures = select(totals.count_all(), _senders(counts, tail), first_ts, last_ts)
        self._busiest = _busiest(counts.by_sender, tail)

    async def compute(self, connection: AsyncConnection) -> Stats:
        """Return the statistics of the moment that the connection's transaction sees."""
        total, senders, first, last = (await connection.execute(self._figures)).one()
        busiest = (await connection.execute(self._busiest)).all()
        last_ts = None if last is None else from_microseconds(last)
        return Stats(
            total_messages=total,
            senders_count=senders,
            messages_per_sender=tuple(SenderCount(*row) for row in busiest),
            first_message_ts=None if first is None else from_microseconds(first),
            last_message_ts=last_ts,
            messages_per_hour=await self._per_hour(connection, last_ts) if last_ts else (),
        )

    async def _per_hour(self, connection: AsyncConnection, last: datetime) -> tuple[HourCount, ...]:
        hours = recent_hours(last)
        counts = dict.fromkeys(hours, 0)
        for start, count in await connection.execute(self._hours_from(to_microseconds(hours[0]))):
            counts[from_microseconds(start)] += count
        return tuple(HourCount(*item) for item in counts.items())

    def _hours_from(self, earliest: int) -> CompoundSelect[int, int]:
        """Count by hour what is not before the beginning of an hour; an hour may come twice."""
        kept, ts = self._counts.by_time.c, self._conditions.tail("counts").c.ts
        # Never negative, so that the remainder is the same in every database.
        since = ts - earliest
        hour = ts - since % HOUR
        return union_all(
            select(kept.start, kept.messages).where(kept.width == HOUR, kept.start >= earliest),
            select(hour, func.count()).where(ts >= earliest).group_by(hour),
        )


def _senders_in_tail(conditions: Conditions) -> CTE:
    sender = conditions.messages.c.sender
    counted = select(sender, func.count().label("messages")).where(conditions.in_tail("counts"))
    return counted.group_by(sender).cte("tail")


def _senders(counts: CountTables, tail: CTE) -> ColumnElement[int]:
    """Return how many have sent a message."""
    totals, known = counts.totals.c, select(counts.by_sender.c.sender)
    kept = select(totals.value).where(totals.name == "senders").scalar_subquery()
    new = select(func.count()).select_from(tail).where(tail.c.sender.not_in(known))
    return kept + new.scalar_subquery()


def _busiest(counts: Table, tail: CTE) -> Select[Any]:
    """Return who has sent most: was among the busiest before, or has sent something since."""
    known = _first(counts).subquery()
    before = func.coalesce(counts.c.messages, 0)
    candidates = union_all(
        select(known).where(known.c.sender.not_in(select(tail.c.sender))),
        select(tail.c.sender, tail.c.messages + before).select_from(
            tail.outerjoin(counts, counts.c.sender == tail.c.sender)
        ),
    )
    return _first(candidates.subquery())


def _first(counts: FromClause) -> Select[Any]:
    sender, messages = counts.c.sender, counts.c.messages
    return select(sender, messages).order_by(messages.desc(), sender).limit(BUSIEST_SENDERS)
