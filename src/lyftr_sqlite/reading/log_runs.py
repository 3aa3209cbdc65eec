"""Runs of the log, in the order of commit: the table of messages by its key.

No projection is asked: each holds the messages in another order.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_core.selection import LogRun, LogSelection
from lyftr_core.use_cases.follow import MAX_SEQ
from lyftr_sql.rows import to_stored
from lyftr_sqlite.reading.expressions import CONDITIONS
from lyftr_sqlite.schema.tables import messages

__all__ = ["LOOKED_AT", "last_seq", "read_log"]

LOOKED_AT = 16_384
"""At most so many rows are looked at for one run: with a filter that hardly any message passes it
would otherwise take as long as it takes to read the whole table."""


async def read_log(connection: AsyncConnection, selection: LogSelection) -> LogRun:
    """Return a run of the log, from one read transaction."""
    horizon = min(selection.after + LOOKED_AT, MAX_SEQ)
    rows = await _rows_up_to(horizon, connection, selection)
    run = tuple(to_stored(row) for row in rows[: selection.limit])
    if len(rows) > len(run):
        return LogRun(messages=run, through=run[-1].seq, has_more=True)
    beyond = select(func.min(messages.c.seq)).where(messages.c.seq > horizon)
    next_seq = (await connection.execute(beyond)).scalar_one()
    if next_seq is not None:
        return LogRun(messages=run, through=next_seq - 1, has_more=True)
    through = max(selection.after, await last_seq(connection))
    return LogRun(messages=run, through=through, has_more=False)


async def last_seq(connection: AsyncConnection) -> int:
    """Return the `seq` of the last message, or 0."""
    query = select(func.coalesce(func.max(messages.c.seq), 0))
    return int((await connection.execute(query)).scalar_one())


async def _rows_up_to(
    horizon: int, connection: AsyncConnection, selection: LogSelection
) -> Sequence[Row[Any]]:
    """Return the rows of a run, and one more if there is another before the horizon."""
    ahead = messages.c.seq > selection.after, messages.c.seq <= horizon
    query = select(messages).where(
        *ahead, CONDITIONS.present, *CONDITIONS.passing(selection.filter)
    )
    ordered = query.order_by(messages.c.seq).limit(selection.limit + 1)
    return (await connection.execute(ordered)).all()
