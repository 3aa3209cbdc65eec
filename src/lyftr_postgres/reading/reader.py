"""Reading from PostgreSQL."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from lyftr_core.selection import LogRun, LogSelection
from lyftr_postgres.connection.connecting import driver_of
from lyftr_postgres.connection.log_order import find_horizon
from lyftr_postgres.connection.reading import ReadingConnections
from lyftr_postgres.connection.settings import LOCALLY, has_our_defaults
from lyftr_postgres.reading.conditions import CONDITIONS
from lyftr_postgres.reading.search import TOTALS, PostgresSearch
from lyftr_postgres.schema.tables import conflicts, counts, messages
from lyftr_sql.figures import Figures
from lyftr_sql.reader import LOOKED_AT, PATIENCE, SqlMessageReader, read_run

__all__ = ["PostgresMessageReader"]

_GRACE = 1.0
"""So much longer the server takes for a statement whose process died, in seconds."""

T = TypeVar("T")
_Work = Callable[[AsyncConnection], Coroutine[Any, Any, T]]

# How long the tail is the planner does not know, and takes it for a third of the log: for so much
# it would compile, or start workers, which takes longer than all the rest.
_BEGIN = """BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
    SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0"""

_seq, _ts = messages.c.seq, messages.c.ts
_FIGURES = Figures(
    CONDITIONS,
    counts,
    TOTALS,
    select(func.min(_ts)).where(CONDITIONS.present).scalar_subquery(),
    select(func.max(_ts)).where(CONDITIONS.present).scalar_subquery(),
)


class PostgresMessageReader(SqlMessageReader):
    """The `MessageReader` port over PostgreSQL.

    Args:
        engine: See `lyftr_postgres.connection.connecting.create_reading_engine`.
        patience: How long one answer may take, in seconds.
    """

    def __init__(self, engine: AsyncEngine, *, patience: float = PATIENCE) -> None:
        super().__init__(CONDITIONS, conflicts, PostgresSearch(), _FIGURES)
        self._connections = ReadingConnections(engine, patience=patience)
        self._patience = patience

    async def read_log(self, selection: LogSelection) -> LogRun:
        """Return a run of the log; see `lyftr_core.ports.MessageReader`."""
        return await self._read_below_horizon(
            lambda connection, horizon: _read_log(connection, horizon, selection)
        )

    async def last_seq(self) -> int:
        """Return the `seq` of the last message; see `lyftr_core.ports.MessageReader`."""
        return await self._read_below_horizon(_last_seq)

    async def _read(self, work: _Work[T]) -> T:
        async def at_one_moment(connection: AsyncConnection) -> T:
            await self._begin(connection)
            return await work(connection)

        return await self._connections.run(at_one_moment)

    async def _read_below_horizon(
        self, work: Callable[[AsyncConnection, int], Coroutine[Any, Any, T]]
    ) -> T:
        async def below_horizon(connection: AsyncConnection) -> T:
            # In this order: what is below the horizon is seen from then on.
            horizon = await find_horizon(await driver_of(connection))
            await self._begin(connection)
            return await work(connection, horizon)

        return await self._connections.run(below_horizon)

    async def _begin(self, connection: AsyncConnection) -> None:
        """Begin a transaction; the pool ends it when it gets the connection back."""
        limit = f"SET LOCAL statement_timeout = {round((self._patience + _GRACE) * 1000)}"
        driver = await driver_of(connection)
        ours = "" if has_our_defaults(driver) else f"{LOCALLY}; "
        await driver.execute(f"{_BEGIN}; {ours}{limit}")


async def _read_log(connection: AsyncConnection, horizon: int, selection: LogSelection) -> LogRun:
    """Look at a number of rows, as `seq` has gaps, up to where nothing can be added any more.

    Args:
        connection: Its transaction began after the horizon was found.
        horizon: See `lyftr_postgres.connection.log_order`.
        selection: Which messages.
    """
    ahead = _seq > selection.after, _seq < horizon
    looked_at = select(_seq).where(*ahead).order_by(_seq).offset(LOOKED_AT - 1).limit(1)
    bound: int | None = (await connection.execute(looked_at)).scalar_one_or_none()
    through = await _last_seq(connection, horizon) if bound is None else bound
    run = await read_run(connection, CONDITIONS, selection, through)
    if run.has_more or bound is None:
        return run
    last = await _last_seq(connection, horizon)
    return msgspec.structs.replace(run, has_more=last > bound)


async def _last_seq(connection: AsyncConnection, horizon: int) -> int:
    """Return the `seq` of the last message below a horizon, or 0."""
    query = select(func.coalesce(func.max(_seq), 0)).where(_seq < horizon)
    return int((await connection.execute(query)).scalar_one())
