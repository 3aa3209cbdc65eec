"""A limit on the time of what is done on a connection: the server behind it may be gone."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["LAST_WORDS", "TimeLimit"]

LAST_WORDS = 2.0
"""So long the server has to take back a statement, in seconds; then nobody waits for it."""

T = TypeVar("T")


class TimeLimit:
    """Does work in tasks: what hangs on a dead connection cannot be waited for.

    Args:
        seconds: How long each may take.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds: float = seconds
        self._given_up: set[asyncio.Task[Any]] = set()

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do some work, and give it up when the time is over or the caller is cancelled.

        Args:
            work: When it is cancelled, it lets go of what it holds.

        Raises:
            TimeoutError: The time was over. The work has ended, or does so by itself, later.
        """
        task = asyncio.create_task(work)
        try:
            await asyncio.wait([task], timeout=self.seconds)
            if task.done():
                return task.result()
            raise TimeoutError(f"it takes longer than {self.seconds:g} s")
        finally:
            if not task.done():
                await self._stop(task)

    async def _stop(self, task: asyncio.Task[Any]) -> None:
        # Kept, or it could be collected while it runs.
        self._given_up.add(task)
        task.add_done_callback(self._forget)
        task.cancel()  # psycopg then asks the server to take the statement back
        await asyncio.wait([task], timeout=LAST_WORDS)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._given_up.discard(task)
        # Its caller has been told of the time; of what came of the work nobody asks any more.
        _ = task.cancelled() or task.exception()
