"""Keeps the projections close behind the log: folds in bulk, right behind the writer.

To fold each message at once would cost more than half of the throughput; in bulk it costs a
fraction of that. What is not folded yet, readers take from the log.
"""

from collections.abc import Sequence

from lyftr_sql.background import LogFollower
from lyftr_sqlite.connection.writing import WritingConnection
from lyftr_sqlite.projections.folding import fold, progress_of
from lyftr_sqlite.projections.projections import PROJECTIONS, Projection

__all__ = ["LONG_TAIL", "Follower"]

LONG_TAIL = 8_192
"""So many new messages are folded even while the writer is busy."""
STEP = 4_096
"""At most how many messages of such a tail one transaction folds; webhooks wait for it."""
LARGEST = 2
"""One transaction folds at most so many times as much, however long the tail is: while `rebuild`
makes a projection anew, it is the whole log."""


class Follower(LogFollower):
    """Folds the log into the projections, in a task of its own.

    Args:
        connection: The writer's. The turns of the two alternate.
    """

    def __init__(self, connection: WritingConnection) -> None:
        super().__init__(LONG_TAIL)
        self._connection = connection

    async def open(self) -> None:
        """Fold what a former process left, then begin to follow.

        Raises:
            StorageUnavailable: The database cannot be written.
        """
        await self._background.open()
        await self._fold(PROJECTIONS, STEP)

    async def fold_all(self) -> None:
        """Fold what is there into one projection after the other."""
        for projection in PROJECTIONS:
            await self._fold([projection], projection.at_once)

    async def _fold(self, projections: Sequence[Projection], at_once: int) -> None:
        """Fold what is there; what comes meanwhile has its turn later, or this might never end.

        Args:
            projections: They are folded together.
            at_once: How many messages one transaction folds of a tail that is just long (`STEP` at
                most), and proportionally more of a longer one: in as many transactions it catches
                up, or a fast log would leave it behind.
        """
        async with self._connection.open(commits=False) as connection:
            through, last = await progress_of(connection, projections)
        step = min(STEP, at_once)
        step = min(max(step, step * (last - through) // LONG_TAIL), at_once * LARGEST)
        while through < last and not self._background.closing:
            async with self._connection.open() as connection:
                await fold(connection, projections, step)
                if last - through <= step:
                    return  # there were no more messages than seqs
                through, _ = await progress_of(connection, projections)
