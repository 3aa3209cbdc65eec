"""Runs of the log, in the order of `seq`, up to where nothing can be added any more."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_core.selection import LogRun, LogSelection
from lyftr_postgres.reading.counts import conditions
from lyftr_postgres.schema.tables import messages
from lyftr_sql.rows import to_stored

__all__ = ["LOOKED_AT", "last_seq", "read_log"]

LOOKED_AT = 16_384
"""At most so many rows are looked at for one run: with a filter that hardly any message passes it
would otherwise take as long as it takes to read the whole table."""

_seq = messages.c.seq


async def read_log(connection: AsyncConnection, horizon: int, selection: LogSelection) -> LogRun:
    """Return a run of the log.

    Args:
        connection: Its transaction began after the horizon was found.
        horizon: See `lyftr_postgres.connection.log_order`.
        selection: Which messages.
    """
    ahead = _seq > selection.after, _seq < horizon
    looked_at = select(_seq).where(*ahead).order_by(_seq).offset(LOOKED_AT - 1).limit(1)
    bound: int | None = (await connection.execute(looked_at)).scalar_one_or_none()
    through = await last_seq(connection, horizon) if bound is None else bound
    rows = await _rows_up_to(through, connection, selection)
    run = tuple(to_stored(row) for row in rows[: selection.limit])
    if len(rows) > len(run):
        return LogRun(messages=run, through=run[-1].seq, has_more=True)
    if bound is None:
        return LogRun(messages=run, through=max(selection.after, through), has_more=False)
    last = await last_seq(connection, horizon)
    return LogRun(messages=run, through=bound, has_more=last > bound)


async def last_seq(connection: AsyncConnection, horizon: int) -> int:
    """Return the `seq` of the last message below a horizon, or 0."""
    query = select(func.coalesce(func.max(_seq), 0)).where(_seq < horizon)
    return int((await connection.execute(query)).scalar_one())


async def _rows_up_to(
    through: int, connection: AsyncConnection, selection: LogSelection
) -> Sequence[Row[Any]]:
    """Return the rows of a run, and one more if there is another before its end."""
    ahead = _seq > selection.after, _seq <= through
    passing = conditions.passing(selection.filter)
    query = select(messages).where(*ahead, conditions.present, *passing)
    ordered = query.order_by(_seq).limit(selection.limit + 1)
    return (await connection.execute(ordered)).all()
