"""Keeps counts and search index close behind the log: in bulk, right behind the writers.

Each server does so behind its own messages, and whoever is at it takes those of the others along.
"""

from typing import Any

from psycopg import AsyncConnection

from lyftr_postgres.connection.writing import WritingConnection
from lyftr_postgres.projections.folding import fold
from lyftr_postgres.schema.search_index import empty_pending_list
from lyftr_sql.background import LogFollower

__all__ = ["AT_ONCE", "LONG_TAIL", "Follower"]

LONG_TAIL = 4_096
"""So many new messages are folded even while the writer is busy."""
AT_ONCE = 16_384
"""At most how many messages one transaction folds; nobody waits for it but who removes messages."""


class Follower(LogFollower):
    """Folds the log into the counts and tidies the search index, in a task of its own.

    Args:
        connection: Of its own, so that no webhook waits for it.
    """

    def __init__(self, connection: WritingConnection) -> None:
        super().__init__(LONG_TAIL)
        self._connection = connection

    async def open(self) -> None:
        """Begin to follow, with what a former process left."""
        await self._background.open()
        self._background.wake()

    async def close(self) -> None:
        """End after the present step. What is not folded stays in the log."""
        await super().close()
        await self._connection.close()

    async def fold_all(self) -> None:
        """Fold what is there, unless another server is about it."""
        while await self._connection.run(_fold) and not self._background.closing:
            pass
        if not self._background.closing:
            await self._connection.run(empty_pending_list)


async def _fold(connection: AsyncConnection[Any]) -> bool:
    return await fold(connection, AT_ONCE)
