"""Keeps SQLite's write-ahead log short: copies it into the database beside the writer.

SQLite itself would copy inside whichever commit makes the log long, and that commit's webhooks
would wait. It also begins the log anew only when no reader is in it, which under constant reading
may be never (https://www.sqlite.org/wal.html, "Avoiding Excessively Large WAL Files").
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine

from lyftr_sqlite.background import Background
from lyftr_sqlite.engines import READERS
from lyftr_sqlite.failures import as_storage_unavailable
from lyftr_sqlite.writing_connection import WritingConnection

__all__ = ["Checkpointer"]

INTERVAL = 1.0
"""How long after a commit the log is copied, in seconds."""
SHORT = 1_000
"""A log of so many pages may stay as it is."""
LONG = 32_768
"""A log of so many pages (128 MiB) is worth a moment in which nobody reads."""

_PASSES = 6
"""So often is copied, beside the writer, what came during the copy before. SQLite syncs the
database only after a copy during which nothing came; of the short ones nearly always one is so, and
what is left for the writer's turn is then little to sync too."""

_COPY = "PRAGMA wal_checkpoint(PASSIVE)"


class Checkpointer:
    """Copies the log in a task of its own.

    Args:
        copying: A second connection that may write to the database, and only copies.
        writing: The writer's connection.
        reading: The engine of the readers.
    """

    def __init__(
        self, copying: WritingConnection, writing: WritingConnection, reading: AsyncEngine
    ) -> None:
        self._copying = copying
        self._writing = writing
        self._reading = reading
        self._background = Background("the write-ahead log grows", self._checkpoint)

    async def open(self) -> None:
        """Begin to copy."""
        await self._background.open()

    async def close(self) -> None:
        """End after the present copy. A second call does nothing."""
        await self._background.close()
        await self._copying.close()

    def note_commit(self) -> None:
        """Take notice of a commit."""
        self._background.wake()

    async def _checkpoint(self) -> None:
        await self._background.pause(INTERVAL)
        pages = await _copy(self._copying)
        if pages > LONG:
            async with self._nobody_reading():
                await self._copy_all()
        elif pages > SHORT:
            await self._copy_all()

    async def _copy_all(self) -> None:
        """Copy what came meanwhile too, at last in the writer's turn, so that nothing is added.

        The next commit then begins the log anew, unless somebody reads who began before.
        """
        for _ in range(_PASSES):
            await _copy(self._copying)
        await _copy(self._writing)

    @asynccontextmanager
    async def _nobody_reading(self) -> AsyncIterator[None]:
        """Take every reader's connection as it becomes free; who wants to read waits meanwhile."""
        async with AsyncExitStack() as stack:
            with as_storage_unavailable("cannot wait for the readers"):
                for _ in range(READERS):
                    await stack.enter_async_context(self._reading.connect())
            yield


async def _copy(by: WritingConnection) -> int:
    """Copy what can be copied now, and return the length of the log in pages."""
    async with by.open(commits=False) as connection:
        result = await connection.exec_driver_sql(_COPY)
        return int(result.mappings().one()["log"])
