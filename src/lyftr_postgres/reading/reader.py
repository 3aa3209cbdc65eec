"""Reading from PostgreSQL: each answer comes from one read transaction, so it is of one moment."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from lyftr_core.conflict import Conflict
from lyftr_core.message import StoredMessage
from lyftr_core.selection import LogRun, LogSelection, Matches, Selection, Stats
from lyftr_postgres.connection.connecting import driver_of
from lyftr_postgres.connection.log_order import find_horizon
from lyftr_postgres.connection.reading import ReadingConnections
from lyftr_postgres.connection.settings import LOCALLY, has_our_defaults
from lyftr_postgres.reading.counts import conditions, figures
from lyftr_postgres.reading.log_runs import last_seq, read_log
from lyftr_postgres.reading.search import answer
from lyftr_postgres.schema.tables import SEARCH_INDEX, conflicts, messages
from lyftr_sql.conflicts import list_conflicts
from lyftr_sql.rows import to_stored

__all__ = ["PATIENCE", "PostgresMessageReader"]

PATIENCE = 5.0
"""How long one answer may take, in seconds; then its connection serves others."""

_GRACE = 1.0
"""So much longer the server takes for a statement whose process died, in seconds."""

T = TypeVar("T")
_Work = Callable[[AsyncConnection], Coroutine[Any, Any, T]]

# How long the tail is the planner does not know, and takes it for a third of the log: for so much
# it would compile, or start workers, which takes longer than all the rest.
_BEGIN = """BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
    SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0"""

_HAS_SEARCH_INDEX = text(
    "SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass(:name) AND indisvalid)"
).bindparams(name=SEARCH_INDEX)


class PostgresMessageReader:
    """The `MessageReader` port over PostgreSQL.

    Args:
        engine: See `lyftr_postgres.connection.connecting.create_reading_engine`.
        patience: How long one answer may take, in seconds.
    """

    def __init__(self, engine: AsyncEngine, *, patience: float = PATIENCE) -> None:
        self._connections = ReadingConnections(engine, patience=patience)
        self._patience = patience
        self._has_search_index: bool | None = None

    async def get(self, message_id: str) -> StoredMessage | None:
        """Return one message; see `lyftr_core.ports.MessageReader`."""
        query = select(messages).where(messages.c.message_id == message_id, conditions.present)

        async def find(connection: AsyncConnection) -> StoredMessage | None:
            row = (await connection.execute(query)).one_or_none()
            return None if row is None else to_stored(row)

        return await self._read(find)

    async def select(self, selection: Selection) -> Matches:
        """Return a run of messages; see `lyftr_core.ports.MessageReader`."""

        async def find(connection: AsyncConnection) -> Matches:
            by_index = selection.filter.q is not None and await self._can_search(connection)
            rows, total = await answer(connection, selection, has_search_index=by_index)
            return Matches(tuple(to_stored(row) for row in rows), total)

        return await self._read(find)

    async def read_log(self, selection: LogSelection) -> LogRun:
        """Return a run of the log; see `lyftr_core.ports.MessageReader`."""
        return await self._read_below_horizon(
            lambda connection, horizon: read_log(connection, horizon, selection)
        )

    async def last_seq(self) -> int:
        """Return the `seq` of the last message; see `lyftr_core.ports.MessageReader`."""
        return await self._read_below_horizon(last_seq)

    async def stats(self) -> Stats:
        """Return the statistics; see `lyftr_core.ports.MessageReader`."""
        return await self._read(figures.compute)

    async def conflicts(self, limit: int) -> tuple[Conflict, ...]:
        """Return what was recorded of conflicts; see `lyftr_core.ports.MessageReader`."""
        return await self._read(lambda connection: list_conflicts(connection, conflicts, limit))

    async def _read(self, work: _Work[T]) -> T:
        """Do some work in a transaction that sees one moment."""

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

    async def _can_search(self, connection: AsyncConnection) -> bool:
        """Tell whether there is a search index; once there is one, it stays."""
        if not self._has_search_index:
            found = await connection.execute(_HAS_SEARCH_INDEX)
            self._has_search_index = bool(found.scalar_one())
        return self._has_search_index
