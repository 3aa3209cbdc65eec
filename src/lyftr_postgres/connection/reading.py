"""The connections that read: each use has a limit of time, and a second try where one was lost.

A server may be gone without a word, so nothing waits for it without a limit.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from lyftr_postgres.connection.failures import as_storage_unavailable, is_lost

__all__ = ["LAST_WORDS", "ReadingConnections", "TimeLimit"]

T = TypeVar("T")
_Work = Callable[[AsyncConnection], Coroutine[Any, Any, T]]


LAST_WORDS = 2.0
"""So long the server has to take back a statement, in seconds; then nobody waits for it."""


class TimeLimit:
    """Does work in tasks: what hangs on a dead connection cannot be waited for.

    Args:
        seconds: How long each may take.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        # Kept, or what was given up could be collected while it runs.
        self._tasks: set[asyncio.Task[Any]] = set()

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do some work, and give it up when the time is over or the caller is cancelled.

        Args:
            work: When it is cancelled, it lets go of what it holds.

        Raises:
            TimeoutError: The time was over. The work has ended, or does so by itself, later.
        """
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        try:
            await asyncio.wait([task], timeout=self._seconds)
            if task.done():
                return task.result()
            raise TimeoutError(f"it takes longer than {self._seconds:g} s")
        finally:
            if not task.done():
                task.cancel()  # psycopg then asks the server to take the statement back
                await asyncio.wait([task], timeout=LAST_WORDS)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        # Where its caller is gone, nobody asks what came of it, and asyncio would complain.
        _ = task.cancelled() or task.exception()


class ReadingConnections:
    """Gives connections to readers.

    Args:
        engine: See `lyftr_postgres.connection.connecting.create_reading_engine`.
        patience: How long one use may take, in seconds, the wait for a connection included.
    """

    def __init__(self, engine: AsyncEngine, *, patience: float) -> None:
        self._engine = engine
        self._limit = TimeLimit(patience)

    async def run(self, work: _Work[T]) -> T:
        """Do some work on a connection.

        Args:
            work: Only reads, so it may be done twice. What it leaves open, the pool ends.

        Raises:
            StorageUnavailable: There was no connection, the work failed or took too long.
        """
        with as_storage_unavailable("cannot read"):
            return await self._limit.run(self._try_twice(work))

    async def _try_twice(self, work: _Work[T]) -> T:
        try:
            return await self._try(work)
        except Exception as exc:
            if not is_lost(exc):
                raise
        # The connections that were lost with it are gone by now.
        return await self._try(work)

    async def _try(self, work: _Work[T]) -> T:
        async with self._engine.connect() as connection:
            try:
                return await work(connection)
            except (Exception, asyncio.CancelledError) as exc:
                # Else the pool would use again what was lost or cut short, and log that it cannot.
                if isinstance(exc, asyncio.CancelledError) or is_lost(exc):
                    await connection.invalidate()
                raise
