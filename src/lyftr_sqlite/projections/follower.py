"""Keeps the projections close behind the log: folds in bulk, right behind the writer.

To fold each message at once would cost more than half of the throughput; in bulk it costs a
fraction of that. What is not folded yet, readers take from the log.
"""

from collections.abc import Sequence

from lyftr_sql.background import Background, FoldingTrigger
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
IDLE = 0.05
"""After so many seconds without a commit, whatever is new is folded."""


class Follower:
    """Folds the log into the projections, in a task of its own.

    Args:
        connection: The writer's. The turns of the two alternate.
    """

    def __init__(self, connection: WritingConnection) -> None:
        self._connection = connection
        self._background = Background("projections fall behind", self._fold_each)
        self._trigger = FoldingTrigger(self._background.wake)

    async def open(self) -> None:
        """Fold what a former process left, then begin to follow.

        Raises:
            StorageUnavailable: The database cannot be written.
        """
        await self._background.open()
        await self._fold(PROJECTIONS, STEP)

    async def close(self) -> None:
        """End after the present step. What is not folded stays in the log."""
        self._trigger.stop()
        await self._background.close()

    def note_commit(self, messages: int) -> None:
        """Take notice of a commit.

        Args:
            messages: How many it added.
        """
        self._trigger.note_commit(messages, long_tail=LONG_TAIL, idle=IDLE)

    async def _fold_each(self) -> None:
        self._trigger.note_folding()
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
