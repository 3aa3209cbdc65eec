"""Reading from SQLite: each answer comes from one read transaction, so it is of one moment."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Select, asc, desc, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from lyftr_core.message import StoredMessage
from lyftr_core.reading import BUSIEST_SENDERS, Matches, Order, Selection, SenderCount, Stats
from lyftr_core.timestamps import from_microseconds
from lyftr_sqlite.conditions import behind, passing
from lyftr_sqlite.failures import as_storage_unavailable
from lyftr_sqlite.rows import to_stored
from lyftr_sqlite.schema import messages

__all__ = ["SqliteMessageReader"]

_columns = messages.c
_TOTALS = select(
    func.count(),
    func.count(_columns.sender.distinct()),
    func.min(_columns.ts),
    func.max(_columns.ts),
).select_from(messages)
_BUSIEST = (
    select(_columns.sender, func.count())
    .group_by(_columns.sender)
    .order_by(func.count().desc(), _columns.sender)
    .limit(BUSIEST_SENDERS)
)


class SqliteMessageReader:
    """The `MessageReader` port over SQLite.

    Args:
        engine: See `lyftr_sqlite.engines.create_reading_engine`.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def get(self, message_id: str) -> StoredMessage | None:
        """Return one message; see `lyftr_core.ports.MessageReader`."""
        async with self._reading() as connection:
            query = select(messages).where(_columns.message_id == message_id)
            row = (await connection.execute(query)).one_or_none()
        return to_stored(row) if row else None

    async def select(self, selection: Selection) -> Matches:
        """Return a run of messages; see `lyftr_core.ports.MessageReader`."""
        async with self._reading() as connection:
            rows = (await connection.execute(_run(selection))).all()
            total = await _total(connection, selection)
        return Matches(tuple(to_stored(row) for row in rows), total)

    async def stats(self) -> Stats:
        """Return the statistics; see `lyftr_core.ports.MessageReader`."""
        async with self._reading() as connection:
            messages_count, senders, first, last = (await connection.execute(_TOTALS)).one()
            busiest = (await connection.execute(_BUSIEST)).all()
        return Stats(
            total_messages=messages_count,
            senders_count=senders,
            messages_per_sender=tuple(SenderCount(*row) for row in busiest),
            first_message_ts=None if first is None else from_microseconds(first),
            last_message_ts=None if last is None else from_microseconds(last),
        )

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        with as_storage_unavailable("cannot read"):
            async with self._engine.connect() as connection:
                yield connection


def _run(selection: Selection) -> Select[Any]:
    direction = desc if selection.order == Order.DESCENDING else asc
    place = direction(_columns.ts), direction(_columns.message_id)
    run = select(messages).where(*passing(selection.filter)).order_by(*place)
    if selection.after:
        run = run.where(behind(selection.after, selection.order))
    return run.limit(selection.limit).offset(selection.offset)


async def _total(connection: AsyncConnection, selection: Selection) -> int | None:
    if not selection.with_total:
        return None
    count = select(func.count()).select_from(messages).where(*passing(selection.filter))
    return (await connection.execute(count)).scalar_one()
