"""Reading from SQLite: each answer comes from one read transaction, so it is of one moment."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import CompoundSelect, Row, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from lyftr_core.message import StoredMessage
from lyftr_core.reading import Matches, Order, Selection, Stats
from lyftr_sqlite.conditions import in_order
from lyftr_sqlite.deadline import deadline
from lyftr_sqlite.failures import as_storage_unavailable
from lyftr_sqlite.figures import compute_stats
from lyftr_sqlite.planning import look_ahead, plan
from lyftr_sqlite.rows import to_stored
from lyftr_sqlite.schema import messages

__all__ = ["PATIENCE", "SqliteMessageReader"]

PATIENCE = 5.0
"""How long one answer may take, in seconds; then its connection serves others."""


class SqliteMessageReader:
    """The `MessageReader` port over SQLite.

    Args:
        engine: See `lyftr_sqlite.engines.create_reading_engine`.
        patience: How long one answer may take, in seconds.
    """

    def __init__(self, engine: AsyncEngine, *, patience: float = PATIENCE) -> None:
        self._engine = engine
        self._patience = patience

    async def get(self, message_id: str) -> StoredMessage | None:
        """Return one message; see `lyftr_core.ports.MessageReader`."""
        async with self._reading() as connection:
            query = select(messages).where(messages.c.message_id == message_id)
            row = (await connection.execute(query)).one_or_none()
        return to_stored(row) if row else None

    async def select(self, selection: Selection) -> Matches:
        """Return a run of messages; see `lyftr_core.ports.MessageReader`."""
        async with self._reading() as connection:
            rows = await _page_ahead(connection, selection)
            total = None
            if selection.with_total or rows is None:
                chosen = await plan(connection, selection)
                if rows is None:
                    run = _with_content(chosen.path.run(selection), selection.order)
                    rows = (await connection.execute(run)).all()
                if selection.with_total:
                    total = (await connection.execute(select(chosen.total))).scalar_one()
        return Matches(tuple(to_stored(row) for row in rows), total)

    async def stats(self) -> Stats:
        """Return the statistics; see `lyftr_core.ports.MessageReader`."""
        async with self._reading() as connection:
            return await compute_stats(connection)

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        with as_storage_unavailable("cannot read"):
            async with (
                self._engine.connect() as connection,
                deadline(connection, self._patience),
            ):
                yield connection


async def _page_ahead(
    connection: AsyncConnection, selection: Selection
) -> Sequence[Row[Any]] | None:
    """Return the page of a search where the next few messages fill it, else `None`."""
    query = await look_ahead(connection, selection)
    if query is None:
        return None
    rows = (await connection.execute(query)).all()
    return rows if len(rows) == selection.limit else None


def _with_content(run: CompoundSelect[tuple[int, str, int]], order: Order) -> Select[Any]:
    """Fetch the messages of a run, which has their places alone, in the same order."""
    places = run.subquery()
    found = select(messages).join(places, messages.c.seq == places.c.seq)
    return found.order_by(*in_order(places, order))
