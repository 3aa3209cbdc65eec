"""The statistics, from the counts that are kept and the tail that they do not hold yet."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_core.reading import BUSIEST_SENDERS, HourCount, SenderCount, Stats, recent_hours
from lyftr_core.timestamps import from_microseconds, to_microseconds
from lyftr_sqlite.conditions import in_tail
from lyftr_sqlite.projections import HOUR
from lyftr_sqlite.schema import (
    counts_by_sender,
    counts_by_time,
    messages,
    messages_by_ts,
    totals,
)
from lyftr_sqlite.totals import count_all

__all__ = ["compute_stats"]

_tail = (
    select(messages.c.sender, func.count().label("messages"))
    .where(in_tail("counts"))
    .group_by(messages.c.sender)
    .cte("tail")
)
_known = select(counts_by_sender.c.sender)
_new_senders = (
    select(func.count()).select_from(_tail).where(_tail.c.sender.not_in(_known)).scalar_subquery()
)
_known_senders = select(totals.c.value).where(totals.c.name == "senders").scalar_subquery()


def _extreme(of: Any) -> ColumnElement[int | None]:  # noqa: ANN401 - min or max, generic in SQLAlchemy
    """Return the first or last `ts`; both parts of the union come from the end of an order."""
    ends = union_all(
        select(of(messages_by_ts.c.ts).label("ts")),
        select(of(messages.c.ts)).where(in_tail("messages_by_ts")),
    ).subquery()
    return select(of(ends.c.ts)).scalar_subquery()


_FIGURES = select(
    count_all(), _known_senders + _new_senders, _extreme(func.min), _extreme(func.max)
)

# Who is busiest now was among the busiest before, or has sent something since.
_busiest_known = (
    select(counts_by_sender.c.sender, counts_by_sender.c.messages)
    .order_by(counts_by_sender.c.messages.desc(), counts_by_sender.c.sender)
    .limit(BUSIEST_SENDERS)
    .subquery()
)
_candidates = union_all(
    select(_busiest_known).where(_busiest_known.c.sender.not_in(select(_tail.c.sender))),
    select(
        _tail.c.sender, _tail.c.messages + func.coalesce(counts_by_sender.c.messages, 0)
    ).select_from(_tail.outerjoin(counts_by_sender, counts_by_sender.c.sender == _tail.c.sender)),
).subquery()
_BUSIEST = (
    select(_candidates.c.sender, _candidates.c.messages)
    .order_by(_candidates.c.messages.desc(), _candidates.c.sender)
    .limit(BUSIEST_SENDERS)
)


async def compute_stats(connection: AsyncConnection) -> Stats:
    """Return the statistics of the moment that the connection's transaction sees."""
    total, senders, first, last = (await connection.execute(_FIGURES)).one()
    busiest = (await connection.execute(_BUSIEST)).all()
    last_ts = None if last is None else from_microseconds(last)
    return Stats(
        total_messages=total,
        senders_count=senders,
        messages_per_sender=tuple(SenderCount(*row) for row in busiest),
        first_message_ts=None if first is None else from_microseconds(first),
        last_message_ts=last_ts,
        messages_per_hour=await _per_hour(connection, last_ts) if last_ts else (),
    )


async def _per_hour(connection: AsyncConnection, last: datetime) -> tuple[HourCount, ...]:
    hours = recent_hours(last)
    earliest = to_microseconds(hours[0])
    hour = (messages.c.ts - earliest) // HOUR * HOUR + earliest
    kept = select(counts_by_time.c.start, counts_by_time.c.messages).where(
        counts_by_time.c.width == HOUR, counts_by_time.c.start >= earliest
    )
    tail = select(hour, func.count()).where(in_tail("counts"), messages.c.ts >= earliest)
    counts = dict.fromkeys(hours, 0)
    for start, count in await connection.execute(union_all(kept, tail.group_by(hour))):
        counts[from_microseconds(start)] += count
    return tuple(HourCount(*item) for item in counts.items())
