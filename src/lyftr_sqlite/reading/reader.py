"""Reading from SQLite: each answer comes from one read transaction, so it is of one moment."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from sqlalchemy import CompoundSelect, Row, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from lyftr_core.conflict import Conflict
from lyftr_core.message import StoredMessage
from lyftr_core.selection import LogRun, LogSelection, Matches, Order, Selection, Stats
from lyftr_sql.conditions import in_order
from lyftr_sql.conflicts import list_conflicts
from lyftr_sql.rows import to_stored
from lyftr_sqlite.connection.deadline import within
from lyftr_sqlite.connection.engines import reading_from
from lyftr_sqlite.reading.counts import FIGURES
from lyftr_sqlite.reading.expressions import CONDITIONS
from lyftr_sqlite.reading.log_runs import last_seq, read_log
from lyftr_sqlite.reading.search import look_ahead, plan
from lyftr_sqlite.schema.tables import conflicts, messages

__all__ = ["PATIENCE", "SqliteMessageReader"]

PATIENCE = 5.0
"""How long one answer may take, in seconds; then its connection serves others."""


T = TypeVar("T")
_Rows = Sequence[Row[Any]]


class SqliteMessageReader:
    """The `MessageReader` port over SQLite.

    Args:
        engine: See `lyftr_sqlite.connection.engines.create_reading_engine`.
        patience: How long one answer may take, in seconds.
    """

    def __init__(self, engine: AsyncEngine, *, patience: float = PATIENCE) -> None:
        self._engine = engine
        self._patience = patience

    async def get(self, message_id: str) -> StoredMessage | None:
        """Return one message; see `lyftr_core.ports.MessageReader`."""
        query = select(messages).where(messages.c.message_id == message_id, CONDITIONS.present)
        rows = await self._read(lambda connection: _rows(connection, query))
        return to_stored(rows[0]) if rows else None

    async def select(self, selection: Selection) -> Matches:
        """Return a run of messages; see `lyftr_core.ports.MessageReader`."""
        rows, total = await self._read(lambda connection: _answer(connection, selection))
        return Matches(tuple(to_stored(row) for row in rows), total)

    async def read_log(self, selection: LogSelection) -> LogRun:
        """Return a run of the log; see `lyftr_core.ports.MessageReader`."""
        return await self._read(lambda connection: read_log(connection, selection))

    async def last_seq(self) -> int:
        """Return the `seq` of the last message; see `lyftr_core.ports.MessageReader`."""
        return await self._read(last_seq)

    async def stats(self) -> Stats:
        """Return the statistics; see `lyftr_core.ports.MessageReader`."""
        return await self._read(FIGURES.compute)

    async def conflicts(self, limit: int) -> tuple[Conflict, ...]:
        """Return what was recorded of conflicts; see `lyftr_core.ports.MessageReader`."""
        return await self._read(lambda connection: list_conflicts(connection, conflicts, limit))

    async def _read(self, work: Callable[[AsyncConnection], Coroutine[Any, Any, T]]) -> T:
        async with reading_from(self._engine) as connection:
            return await within(self._patience, connection, work(connection))


async def _answer(connection: AsyncConnection, selection: Selection) -> tuple[_Rows, int | None]:
    """Return the rows of a selection, and their total if it is asked."""
    rows = await _page_ahead(connection, selection)
    if rows is not None and not selection.with_total:
        return rows, None
    chosen = await plan(connection, selection)
    if rows is None:
        run = chosen.path.run(selection)
        rows = await _rows(connection, _with_content(run, selection.order))
    if not selection.with_total:
        return rows, None
    total: int = (await connection.execute(select(chosen.total))).scalar_one()
    return rows, total


async def _page_ahead(connection: AsyncConnection, selection: Selection) -> _Rows | None:
    """Return the page of a search where the next few messages fill it, else `None`."""
    query = await look_ahead(connection, selection)
    if query is None:
        return None
    rows = await _rows(connection, query)
    return rows if len(rows) == selection.limit else None


async def _rows(connection: AsyncConnection, query: Select[Any]) -> _Rows:
    rows: _Rows = (await connection.execute(query)).all()
    return rows


def _with_content(run: CompoundSelect[int, str, int], order: Order) -> Select[Any]:
    """Fetch the messages of a run, which has their places alone, in the same order."""
    places = run.subquery()
    found = select(messages).join(places, messages.c.seq == places.c.seq)
    return found.order_by(*in_order(places, order))
