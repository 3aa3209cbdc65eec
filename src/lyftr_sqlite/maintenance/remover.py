"""Removing from SQLite, in steps between the batches of the writer."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from lyftr_core.removal import Removal, RemovalStep
from lyftr_core.use_cases.follow import MAX_SEQ
from lyftr_sql.step_size import Pace
from lyftr_sqlite.connection.engines import reading_from
from lyftr_sqlite.connection.turns import LongWork
from lyftr_sqlite.maintenance.erasing import blank
from lyftr_sqlite.maintenance.scrubbing import Scrubber
from lyftr_sqlite.reading.expressions import CONDITIONS
from lyftr_sqlite.reading.log_runs import last_seq
from lyftr_sqlite.schema.tables import messages

__all__ = ["SqliteMessageRemover"]

LOOKED_AT = 65_536
"""So many rows of the log one step looks at, at most."""
FEWEST, MOST = 16, 2_048
"""How many messages one step removes, at least and at most."""


class SqliteMessageRemover:
    """The `MessageRemover` port over SQLite.

    Another process may write meanwhile, a server for example.

    Args:
        work: Gives the turns.
        reading: The engine of the readers, who look for what is to be removed.
        scrubber: Clears away what is left.
    """

    def __init__(self, work: LongWork, reading: AsyncEngine, scrubber: Scrubber) -> None:
        self._work = work
        self._reading = reading
        self._scrubber = scrubber
        self._pace = Pace(FEWEST, MOST)

    async def remove(self, removal: Removal, after: int) -> RemovalStep:
        """Remove some messages; see `lyftr_core.ports.MessageRemover`."""
        limit = self._pace.at_once
        seqs, horizon, last = await self._find(removal, after, limit)
        through = seqs[-1] if len(seqs) == limit else horizon
        if not seqs:
            return RemovalStep(0, through, last)
        async with self._work.step() as step:
            removed = await blank(step.connection, seqs)
        self._pace.note(len(seqs), step.seconds)
        return RemovalStep(removed, through, last)

    async def count(self, removal: Removal) -> int:
        """Count the messages to remove; see `lyftr_core.ports.MessageRemover`."""
        query = select(func.count()).select_from(messages).where(*CONDITIONS.to_remove(removal))
        async with reading_from(self._reading) as connection:
            return int((await connection.execute(query)).scalar_one())

    async def scrub(self) -> bool:
        """Clear away what is left; see `lyftr_core.ports.MessageRemover`."""
        return await self._scrubber.scrub()

    async def _find(
        self, removal: Removal, after: int, limit: int
    ) -> tuple[Sequence[int], int, int]:
        """Return the `seq` of the next to remove, up to where was looked, and the last `seq`."""
        ahead = messages.c.seq > after, messages.c.seq <= min(after + LOOKED_AT, MAX_SEQ)
        query = select(messages.c.seq).where(*ahead, *CONDITIONS.to_remove(removal))
        ordered = query.order_by(messages.c.seq).limit(limit)
        # What was imported may have long gaps between one seq and the next.
        looked_at = select(func.max(messages.c.seq)).where(*ahead)
        beyond = select(func.min(messages.c.seq) - 1).where(messages.c.seq > after)
        ends = func.coalesce(looked_at.scalar_subquery(), beyond.scalar_subquery(), after)
        async with reading_from(self._reading) as connection:
            seqs = (await connection.execute(ordered)).scalars().all()
            horizon = (await connection.execute(select(ends))).scalar_one()
            last = await last_seq(connection)
        return seqs, horizon, last
