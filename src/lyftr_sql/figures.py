"""The statistics, from the counts that are kept and the tail that they do not hold yet."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_core.reading import BUSIEST_SENDERS, HourCount, SenderCount, Stats, recent_hours
from lyftr_core.timestamps import from_microseconds, to_microseconds
from lyftr_sql.conditions import Conditions
from lyftr_sql.periods import HOUR
from lyftr_sql.totals import COUNTS, CountTables, Totals

__all__ = ["Figures"]


class Figures:
    """Computes the statistics.

    Args:
        conditions: On the messages.
        counts: Where the counts are kept.
        totals: Counts of messages.
        first_ts: The earliest `ts` of all messages.
        last_ts: The latest.
    """

    def __init__(
        self,
        conditions: Conditions,
        counts: CountTables,
        totals: Totals,
        first_ts: ColumnElement[int | None],
        last_ts: ColumnElement[int | None],
    ) -> None:
        self._messages = conditions.messages
        self._in_tail = conditions.in_tail(COUNTS)
        self._counts = counts
        self._tail = (
            select(self._messages.c.sender, func.count().label("messages"))
            .where(self._in_tail)
            .group_by(self._messages.c.sender)
            .cte("tail")
        )
        self._figures = select(totals.count_all(), self._count_senders(), first_ts, last_ts)
        self._busiest = self._select_busiest()

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

    def _count_senders(self) -> ColumnElement[int]:
        totals = self._counts.totals.c
        known = select(self._counts.by_sender.c.sender)
        new = select(func.count()).select_from(self._tail).where(self._tail.c.sender.not_in(known))
        kept = select(totals.value).where(totals.name == "senders").scalar_subquery()
        return kept + new.scalar_subquery()

    def _select_busiest(self) -> Select[Any]:
        """Who is busiest now was among the busiest before, or has sent something since."""
        counts, tail = self._counts.by_sender.c, self._tail.c
        known = (
            select(counts.sender, counts.messages)
            .order_by(counts.messages.desc(), counts.sender)
            .limit(BUSIEST_SENDERS)
            .subquery()
        )
        with_tail = select(
            tail.sender, tail.messages + func.coalesce(counts.messages, 0)
        ).select_from(self._tail.outerjoin(self._counts.by_sender, counts.sender == tail.sender))
        candidates = union_all(
            select(known).where(known.c.sender.not_in(select(tail.sender))), with_tail
        ).subquery()
        return (
            select(candidates.c.sender, candidates.c.messages)
            .order_by(candidates.c.messages.desc(), candidates.c.sender)
            .limit(BUSIEST_SENDERS)
        )

    async def _per_hour(self, connection: AsyncConnection, last: datetime) -> tuple[HourCount, ...]:
        hours = recent_hours(last)
        earliest = to_microseconds(hours[0])
        by_time, ts = self._counts.by_time.c, self._messages.c.ts
        kept = select(by_time.start, by_time.messages).where(
            by_time.width == HOUR, by_time.start >= earliest
        )
        since = ts - earliest  # not below 0, where rounding differs from one database to another
        hour = (since - since % HOUR + earliest).label("hour")
        tail = select(hour, func.count()).where(self._in_tail, ts >= earliest).group_by(hour)
        counts = dict.fromkeys(hours, 0)
        for start, count in await connection.execute(union_all(kept, tail)):
            counts[from_microseconds(start)] += count
        return tuple(HourCount(*item) for item in counts.items())
