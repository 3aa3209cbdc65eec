"""Reading from one SQLite file."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from lyftr_core.selection import LogRun, LogSelection
from lyftr_core.use_cases.follow import MAX_SEQ
from lyftr_sql.figures import Figures
from lyftr_sql.reader import LOOKED_AT, PATIENCE, SqlMessageReader, read_run
from lyftr_sqlite.connection.deadline import within
from lyftr_sqlite.connection.engines import reading_from
from lyftr_sqlite.reading.conditions import CONDITIONS
from lyftr_sqlite.reading.search import COUNTS, TOTALS, SqliteSearch
from lyftr_sqlite.schema.tables import conflicts, messages, messages_by_ts

__all__ = ["SqliteMessageReader", "last_seq"]

T = TypeVar("T")
_seq = messages.c.seq


def _extreme(of: Any) -> ColumnElement[int | None]:  # noqa: ANN401 - min or max, generic in SQLAlchemy
    """Return the first or last `ts`; both parts of the union come from the end of an order."""
    ends = union_all(
        select(of(messages_by_ts.c.ts).label("ts")),
        select(of(messages.c.ts)).where(CONDITIONS.in_tail("messages_by_ts")),
    ).subquery()
    return select(of(ends.c.ts)).scalar_subquery()


_FIGURES = Figures(CONDITIONS, COUNTS, TOTALS, _extreme(func.min), _extreme(func.max))


class SqliteMessageReader(SqlMessageReader):
    """The `MessageReader` port over SQLite.

    Args:
        engine: See `lyftr_sqlite.connection.engines.create_reading_engine`.
        patience: How long one answer may take, in seconds.
    """

    def __init__(self, engine: AsyncEngine, *, patience: float = PATIENCE) -> None:
        super().__init__(CONDITIONS, conflicts, SqliteSearch(), _FIGURES)
        self._engine = engine
        self._patience = patience

    async def read_log(self, selection: LogSelection) -> LogRun:
        """Return a run of the log; see `lyftr_core.ports.MessageReader`."""
        return await self._read(lambda connection: _read_log(connection, selection))

    async def last_seq(self) -> int:
        """Return the `seq` of the last message; see `lyftr_core.ports.MessageReader`."""
        return await self._read(last_seq)

    async def _read(self, work: Callable[[AsyncConnection], Coroutine[Any, Any, T]]) -> T:
        async with reading_from(self._engine) as connection:
            return await within(self._patience, connection, work(connection))


async def _read_log(connection: AsyncConnection, selection: LogSelection) -> LogRun:
    """Look at a range of `seq`, the key of the table; then say where the next message is."""
    horizon = min(selection.after + LOOKED_AT, MAX_SEQ)
    run = await read_run(connection, CONDITIONS, selection, horizon)
    if run.has_more:
        return run
    beyond = select(func.min(_seq)).where(_seq > horizon)
    next_seq = (await connection.execute(beyond)).scalar_one()
    if next_seq is not None:
        return msgspec.structs.replace(run, through=next_seq - 1, has_more=True)
    last = await last_seq(connection)
    return msgspec.structs.replace(run, through=max(selection.after, last))


async def last_seq(connection: AsyncConnection) -> int:
    """Return the `seq` of the last message, or 0."""
    query = select(func.coalesce(func.max(_seq), 0))
    return int((await connection.execute(query)).scalar_one())
