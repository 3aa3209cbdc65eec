"""Taking messages from elsewhere into a SQLite file, each batch in one step of long work."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_core.message import AddOutcome, Record
from lyftr_sql.importing import SqlImporter, place
from lyftr_sql.rows import Row, conflicting
from lyftr_sqlite.connection.engines import driver_of
from lyftr_sqlite.connection.turns import LongWork, open_long_work
from lyftr_sqlite.projections.folding import fold_rest
from lyftr_sqlite.projections.projections import PROJECTIONS
from lyftr_sqlite.schema.migrate import migrate
from lyftr_sqlite.writer import find_kept, record_conflicts

__all__ = ["SqliteImporter", "open_importer"]

LONG_TAIL = 8_192
"""So many new messages are folded before more are added."""
_LAST_SEQ = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'messages'"
_INSERT = (
    f"INSERT INTO messages (seq, {', '.join(Row._fields)})"
    f" VALUES (?, {', '.join('?' * len(Row._fields))})"
)


class SqliteImporter(SqlImporter):
    """Adds to the log of a SQLite file; see `open_importer`."""

    def __init__(self, work: LongWork, runner: asyncio.Runner) -> None:
        super().__init__(runner, LONG_TAIL)
        self._work = work

    async def _insert(self, batch: Sequence[Record], rows: Sequence[Row]) -> list[AddOutcome]:
        async with self._work.step() as step:
            return await _insert(step.connection, batch, rows)

    async def _fold(self) -> None:
        for projection in PROJECTIONS:
            await fold_rest(self._work, projection)


@contextmanager
def open_importer(path: Path) -> Iterator[SqliteImporter]:
    """Open a database to import into.

    Args:
        path: The file. It is made, or its schema brought up to date, first.

    Raises:
        StorageUnavailable: The database cannot be written.
        SchemaMismatch: It is newer than this program.
    """
    migrate(path)
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            work = runner.run(stack.enter_async_context(open_long_work(path)))
            yield SqliteImporter(work, runner)
        finally:
            runner.run(stack.aclose())


async def _insert(
    connection: AsyncConnection, batch: Sequence[Record], rows: Sequence[Row]
) -> list[AddOutcome]:
    driver = await driver_of(connection)
    await driver.execute("BEGIN IMMEDIATE")
    kept = await find_kept(connection, {row.message_id for row in rows})
    ((last,),) = await driver.execute_fetchall(_LAST_SEQ)
    placed = place(batch, rows, kept, last)
    await driver.executemany(_INSERT, placed.new)
    if AddOutcome.CONFLICT in placed.outcomes:
        await record_conflicts(connection, conflicting(rows, placed.outcomes, kept))
    await driver.execute("COMMIT")
    return placed.outcomes
