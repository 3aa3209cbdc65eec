"""Clearing away what a file still holds of removed messages, beside the writer.

Once their rows are empty, three things may still tell of them: old parts of the search index, which
hold their trigrams until they are merged; unused bytes in the pages of the counts, in which numbers
were moved about; and the write-ahead log. What SQLite frees it overwrites itself (`secure_delete`).
"""

from collections.abc import Iterator

from lyftr_sql.remover import StepSize
from lyftr_sqlite.connection.checkpoints import Checkpointer
from lyftr_sqlite.connection.engines import driver_of
from lyftr_sqlite.connection.turns import LongWork, Step
from lyftr_sqlite.maintenance.erasing import MARK

__all__ = ["Scrubber"]

FEWEST, MOST = 8, 1_024
"""How many pages of the search index one step merges, at least and at most."""
MOST_NUMBERS = 65_536
"""A table of more numbers is not written anew: webhooks would wait for too long."""
_COUNTS = ("counts_by_sender", "counts_by_recipient")
_ALL_DONE = 2
"""A merge that changes fewer rows has found nothing to do
(https://www.sqlite.org/fts5.html, "The 'merge' Command")."""


class Scrubber:
    """Clears away what is left of removed messages.

    Args:
        work: Gives the turns.
        checkpointer: Empties the log.
    """

    def __init__(self, work: LongWork, checkpointer: Checkpointer) -> None:
        self._work = work
        self._checkpointer = checkpointer

    async def scrub(self) -> bool:
        """Do all of it, where anything was removed since it was done.

        Returns:
            Whether nothing is left; else somebody reads what was there before.

        Raises:
            StorageUnavailable: The database cannot be written.
        """
        mark = await self._read_mark()
        if not mark:
            return True
        await self._merge_search()
        for table in _COUNTS:
            await self._write_anew(table)
        if not await self._checkpointer.empty():
            return False
        await self._clear_mark(mark)
        return True

    async def _read_mark(self) -> int:
        async with self._work.step(commits=False) as step:
            return await _mark(step)

    async def _clear_mark(self, mark: int) -> None:
        """Note that all is done, unless more was removed meanwhile."""
        async with self._work.step() as step:
            if await _mark(step) == mark:
                await (await driver_of(step.connection)).execute(f"PRAGMA {MARK} = 0")

    async def _merge_search(self) -> None:
        """Merge all parts of the search index into one, in which no removed message is left."""
        step_size = StepSize(FEWEST, MOST)
        at_once = -step_size.at_once  # the first, negative, says that all parts are to be merged
        while await self._merge(at_once, step_size):
            at_once = step_size.at_once

    async def _merge(self, pages: int, step_size: StepSize) -> bool:
        statement = f"INSERT INTO search (search, rank) VALUES ('merge', {pages})"
        async with self._work.step() as step:
            driver = await driver_of(step.connection)
            before = driver.total_changes
            await driver.execute(statement)
            changed = driver.total_changes - before
        step_size.note(abs(pages), step.seconds)
        return changed >= _ALL_DONE

    async def _write_anew(self, table: str) -> None:
        async with self._work.step() as step:
            driver = await driver_of(step.connection)
            query = f"SELECT count(*) FROM {table}"
            ((count,),) = await driver.execute_fetchall(query)
            if int(count) <= MOST_NUMBERS:
                await driver.executescript(";\n".join(_copies(table)))


async def _mark(step: Step) -> int:
    driver = await driver_of(step.connection)
    ((mark,),) = await driver.execute_fetchall(f"PRAGMA {MARK}")
    return int(mark)


def _copies(table: str) -> Iterator[str]:
    """Empty a table, so that all of its pages are freed and overwritten, and fill it again."""
    yield "BEGIN IMMEDIATE"
    yield f"CREATE TEMP TABLE kept AS SELECT * FROM {table}"
    yield f"DELETE FROM {table}"
    yield f"INSERT INTO {table} SELECT * FROM temp.kept ORDER BY 1"
    yield "DROP TABLE temp.kept"
    yield "COMMIT"
