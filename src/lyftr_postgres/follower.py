"""Keeps the counts close behind the log: folds in bulk, right behind the writers.

Each server does so behind its own messages, and whoever is at it takes those of the others along.
"""

import asyncio
from typing import Any

from psycopg import AsyncConnection

from lyftr_postgres.folding import fold
from lyftr_postgres.writing_connection import WritingConnection
from lyftr_sql.background import Background

__all__ = ["AT_ONCE", "IDLE", "LONG_TAIL", "Follower"]

LONG_TAIL = 8_192
"""So many new messages are folded even while the writer is busy."""
AT_ONCE = 16_384
"""At most how many messages one transaction folds; nobody waits for it but who removes messages."""
IDLE = 0.05
"""After so many seconds without a commit, whatever is new is folded."""


class Follower:
    """Folds the log into the counts, in a task and on a connection of its own.

    Args:
        connection: Of its own, so that no webhook waits for it.
    """

    def __init__(self, connection: WritingConnection) -> None:
        self._connection = connection
        self._background = Background("the counts fall behind", self.fold_all)
        self._behind = 0
        self._last_commit = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def open(self) -> None:
        """Begin to follow, with what a former process left."""
        await self._background.open()
        self._background.wake()

    async def close(self) -> None:
        """End after the present step. What is not folded stays in the log."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        await self._background.close()
        await self._connection.close()

    def note_commit(self, messages: int) -> None:
        """Take notice of a commit.

        Args:
            messages: How many it added.
        """
        loop = asyncio.get_running_loop()
        self._last_commit = loop.time()
        self._behind += messages
        if self._behind >= LONG_TAIL:
            self._background.wake()
        elif self._behind and self._timer is None:
            self._timer = loop.call_later(IDLE, self._fold_if_idle)

    async def fold_all(self) -> None:
        """Fold what is there, unless another server is about it.

        Raises:
            StorageUnavailable: The database cannot be written.
        """
        self._behind = 0
        while await self._connection.run(_fold) and not self._background.closing:
            pass

    def _fold_if_idle(self) -> None:
        loop = asyncio.get_running_loop()
        idle_at = self._last_commit + IDLE
        if loop.time() < idle_at:
            self._timer = loop.call_at(idle_at, self._fold_if_idle)
        else:
            self._timer = None
            self._background.wake()


async def _fold(connection: AsyncConnection[Any]) -> bool:
    return await fold(connection, AT_ONCE)
