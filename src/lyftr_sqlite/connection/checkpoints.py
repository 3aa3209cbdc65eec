"""Keeps SQLite's write-ahead log short: copies it into the database beside the writer.

SQLite itself would copy inside whichever commit makes the log long, and that commit's webhooks
would wait. It also begins the log anew only when no reader is in it, which under constant reading
may be never (https://www.sqlite.org/wal.html, "Avoiding Excessively Large WAL Files").

No copy begins where nothing is left to copy. Only there does a commit begin the log anew, and a
copy that meets that moment makes SQLite before 3.51.3 lose commits (same page, "The WAL-Reset
Bug").
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from lyftr_sql.background import Background
from lyftr_sqlite.connection.engines import READERS
from lyftr_sqlite.connection.failures import as_storage_unavailable
from lyftr_sqlite.connection.lock_watch import LockWatch
from lyftr_sqlite.connection.url import BUSY_TIMEOUT
from lyftr_sqlite.connection.wal_size import WalSize
from lyftr_sqlite.connection.writing import COMMIT_SOMETHING, WritingConnection

__all__ = ["Checkpointer"]

INTERVAL = 1.0
"""How long after a commit the log is copied, in seconds."""
SHORT = 1_000
"""A log of so many pages may stay as it is."""
LONG = 32_768
"""A log of so many pages (128 MiB) is worth a moment in which nobody reads."""

_PASSES = 6
"""At most so often is copied, beside the writer, what came during the copy before. SQLite syncs the
database only after a copy during which nothing came; of the short ones nearly always one is so, and
what is left for the writer's turn is then little to sync too."""

_COPY = "PRAGMA wal_checkpoint(PASSIVE)"
_CUT = "PRAGMA wal_checkpoint(TRUNCATE)"
_READERS_TIMEOUT = 20
"""How long to wait for readers of other processes, in milliseconds: webhooks wait too."""
_ATTEMPTS = 100
_BETWEEN_ATTEMPTS = 0.1
"""In seconds; how long the log is tried to be emptied, all in all, is some ten of them."""


class _Log(NamedTuple):
    """What a copy found: how long the log was, and how much of it was copied then, in pages."""

    length: int
    copied: int

    @property
    def is_copied(self) -> bool:
        """Whether nothing was left; nor is anything known of it where another was copying."""
        return self.copied == self.length


class Checkpointer:
    """Copies the log in a task of its own.

    Args:
        lock: The lock of who copies the log.
        size: Looks at how large the log is.
        copying: A second connection that may write to the database, and only copies.
        writing: The writer's connection.
        reading: The engine of the readers.
    """

    def __init__(
        self,
        lock: LockWatch,
        size: WalSize,
        copying: WritingConnection,
        writing: WritingConnection,
        reading: AsyncEngine,
    ) -> None:
        self._lock = lock
        self._size = size
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
        self._lock.end_wait()
        await self._copying.close()

    def note_commit(self) -> None:
        """Take notice of a commit."""
        self._background.wake()

    async def empty(self) -> bool:
        """Copy all of the log, and cut it to nothing.

        Returns:
            Whether it is empty now. Else somebody reads from it, or copies, all the time.
        """
        for _ in range(_ATTEMPTS):
            with self._lock.take() as alone:
                if alone and await self._try_to_empty():
                    self._size.look()
                    return True
            await asyncio.sleep(_BETWEEN_ATTEMPTS)
        self._background.wake()  # which goes on trying, so that the wait for the lock ends
        return False

    async def _try_to_empty(self) -> bool:
        await self._writing.commit_something()  # so that something is left to copy
        await self._copy_beside()  # nearly all of it, so that little is left for the writer's turn
        async with self._nobody_reading(), self._writing.open() as connection:
            return await _cut(connection)

    async def _checkpoint(self) -> None:
        await self._background.pause(INTERVAL)
        if self._background.closing:
            return  # whoever closes the database last copies all of it
        self._size.look()
        with self._lock.take() as alone:
            if not alone:  # another process copies; perhaps not all that this one has committed
                self._background.wake()
                return
            await self._writing.commit_something()  # so that something is left to copy
            log = await self._copy_beside()
            if log.length > LONG:
                async with self._nobody_reading():
                    await self._copy_all(log)
            elif log.length > SHORT:
                await self._copy_all(log)

    async def _copy_all(self, log: _Log) -> None:
        """Copy what came meanwhile too, at last in the writer's turn, so that nothing is added.

        The next commit then begins the log anew, unless somebody reads who began before.
        """
        for _ in range(_PASSES):
            if log.is_copied:
                break
            log = await self._copy_beside()
        async with self._writing.open() as connection:
            if log.is_copied:
                await connection.execute(COMMIT_SOMETHING)
            await _copy(connection)

    async def _copy_beside(self) -> _Log:
        async with self._copying.open(commits=False) as connection:
            return await _copy(connection)

    @asynccontextmanager
    async def _nobody_reading(self) -> AsyncIterator[None]:
        """Take every reader's connection as it becomes free; who wants to read waits meanwhile."""
        async with AsyncExitStack() as stack:
            with as_storage_unavailable("cannot wait for the readers"):
                for _ in range(READERS):
                    await stack.enter_async_context(self._reading.connect())
            yield


async def _cut(connection: AsyncConnection) -> bool:
    """Copy the rest of the log and cut it off, if no reader of another process needs it."""
    await connection.exec_driver_sql(f"PRAGMA busy_timeout={_READERS_TIMEOUT}")
    found = (await connection.exec_driver_sql(_CUT)).mappings().one()
    await connection.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_TIMEOUT}")
    return not found["busy"]


async def _copy(connection: AsyncConnection) -> _Log:
    """Copy what can be copied now."""
    found = (await connection.exec_driver_sql(_COPY)).mappings().one()
    return _Log(int(found["log"]), int(found["checkpointed"]))
