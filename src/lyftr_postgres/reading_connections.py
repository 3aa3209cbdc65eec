"""The connections that read: each use has a limit of time, and a second try where one was lost."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from lyftr_postgres.failures import as_storage_unavailable, is_lost
from lyftr_postgres.time_limit import TimeLimit

__all__ = ["ReadingConnections"]

T = TypeVar("T")
_Work = Callable[[AsyncConnection], Coroutine[Any, Any, T]]


class ReadingConnections:
    """Gives connections to readers.

    Args:
        engine: See `lyftr_postgres.connecting.create_reading_engine`.
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
