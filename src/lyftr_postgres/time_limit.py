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
