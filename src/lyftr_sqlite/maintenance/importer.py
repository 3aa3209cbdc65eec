"""Takes messages from elsewhere into the log, in batches, each one durable transaction.

They come with the time at which they were received and, if the log has not come so far yet, keep
their `seq` too: what is exported from one database and imported into an empty one is the same.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_core.message import AddOutcome, Record
from lyftr_sql.importing import place
from lyftr_sql.rows import Row, conflicting, to_row
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


class SqliteImporter:
    """Adds to the log beside whoever else does, a server perhaps; see `open_importer`."""

    def __init__(self, work: LongWork, runner: asyncio.Runner) -> None:
        self._work = work
        self._runner = runner
        self._tail = 0

    def add(self, batch: Sequence[Record], *, received_at: datetime) -> list[AddOutcome]:
        """Store every message of the batch whose identifier is new; all are committed, or none.

        Conflicts among the others are recorded, as those of webhooks are.

        Args:
            batch: At least one. An identifier may come more than once. More than some thousand
                hold up webhooks.
            received_at: For those that do not say when they were received; aware, in UTC.

        Returns:
            What became of each, in the order of the batch.

        Raises:
            StorageUnavailable: Nothing of the batch is stored.
        """
        return self._runner.run(self._add(batch, received_at))

    def finish(self) -> None:
        """Fold what is new.

        Raises:
            StorageUnavailable: The messages are stored, but answers will be slow for a while.
        """
        self._runner.run(self._fold())

    async def _add(self, batch: Sequence[Record], received_at: datetime) -> list[AddOutcome]:
        async with self._work.step() as step:
            outcomes = await _insert(step.connection, batch, received_at)
        self._tail += outcomes.count(AddOutcome.CREATED)
        if self._tail >= LONG_TAIL:
            self._tail = 0
            await self._fold()
        return outcomes

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
    connection: AsyncConnection, batch: Sequence[Record], received_at: datetime
) -> list[AddOutcome]:
    driver = await driver_of(connection)
    rows = [to_row(record.message, record.received_at or received_at) for record in batch]
    await driver.execute("BEGIN IMMEDIATE")
    kept = await find_kept(connection, {row.message_id for row in rows})
    ((last,),) = await driver.execute_fetchall(_LAST_SEQ)
    placed = place(batch, rows, kept, last)
    await driver.executemany(_INSERT, placed.new)
    if AddOutcome.CONFLICT in placed.outcomes:
        await record_conflicts(connection, conflicting(rows, placed.outcomes, kept))
    await driver.execute("COMMIT")
    return placed.outcomes
