"""Removing from SQLite, in steps between the batches of the writer."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from lyftr_core.removal import Removal
from lyftr_core.use_cases.follow import MAX_SEQ
from lyftr_sql.remover import LOOKED_AT, Chosen, SqlMessageRemover
from lyftr_sqlite.connection.engines import reading_from
from lyftr_sqlite.connection.turns import LongWork
from lyftr_sqlite.maintenance.erasing import erase
from lyftr_sqlite.maintenance.scrubbing import Scrubber
from lyftr_sqlite.reading.conditions import CONDITIONS
from lyftr_sqlite.reading.reader import last_seq
from lyftr_sqlite.schema.tables import messages

__all__ = ["SqliteMessageRemover"]


class SqliteMessageRemover(SqlMessageRemover):
    """The `MessageRemover` port over SQLite.

    Args:
        work: Gives the turns.
        reading: The engine of the readers.
        scrubber: Clears away what is left.
    """

    def __init__(self, work: LongWork, reading: AsyncEngine, scrubber: Scrubber) -> None:
        super().__init__(CONDITIONS)
        self._work = work
        self._engine = reading
        self._scrubber = scrubber

    async def scrub(self) -> bool:
        """Clear away what is left; see `lyftr_core.ports.MessageRemover`."""
        return await self._scrubber.scrub()

    def _reading(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return reading_from(self._engine)

    async def _choose(
        self, connection: AsyncConnection, removal: Removal, after: int, limit: int
    ) -> Chosen:
        ahead = messages.c.seq > after, messages.c.seq <= min(after + LOOKED_AT, MAX_SEQ)
        query = select(messages.c.seq).where(*ahead, *CONDITIONS.to_remove(removal))
        ordered = query.order_by(messages.c.seq).limit(limit)
        # What was imported may have long gaps between one seq and the next.
        looked_at = select(func.max(messages.c.seq)).where(*ahead)
        beyond = select(func.min(messages.c.seq) - 1).where(messages.c.seq > after)
        ends = func.coalesce(looked_at.scalar_subquery(), beyond.scalar_subquery(), after)
        seqs = (await connection.execute(ordered)).scalars().all()
        horizon = (await connection.execute(select(ends))).scalar_one()
        return Chosen(seqs, horizon, await last_seq(connection))

    async def _erase(self, seqs: Sequence[int]) -> tuple[int, float]:
        async with self._work.step() as step:
            removed = await erase(step.connection, seqs)
        return removed, step.seconds
