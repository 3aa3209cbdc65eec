"""Takes messages from elsewhere into the log, in batches, each one durable transaction.

They come with the time at which they were received and, if the log has not come so far yet, keep
their `seq` too: what is exported from one database and imported into an empty one is the same.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from lyftr_core.message import AddOutcome, Record
from lyftr_sql.rows import Kept, Row, to_row

__all__ = ["Placed", "SqlImporter", "place"]


class SqlImporter(ABC):
    """Adds to the log beside whoever else does, a server perhaps.

    Args:
        runner: Runs what works on the database.
        long_tail: So many new messages are folded before more are added.
    """

    def __init__(self, runner: asyncio.Runner, long_tail: int) -> None:
        self._runner = runner
        self._long_tail = long_tail
        self._tail = 0

    def add(self, batch: Sequence[Record], *, received_at: datetime) -> list[AddOutcome]:
        """Store every message of the batch whose identifier is new; all are committed, or none.

        Conflicts among the others are recorded, as those of webhooks are.

        Args:
            batch: At least one. An identifier may come more than once. More than some thousand
                hold up webhooks.
            received_at: For those that do not say when they were received; aware, in UTC.

        Returns:
            What became of each, in the order of the batch.

        Raises:
            StorageUnavailable: Perhaps nothing of the batch is stored.
        """
        return self._runner.run(self._add(batch, received_at))

    def finish(self) -> None:
        """Fold what is new.

        Raises:
            StorageUnavailable: The messages are stored, but answers will be slow for a while.
        """
        self._runner.run(self._fold())

    async def _add(self, batch: Sequence[Record], received_at: datetime) -> list[AddOutcome]:
        rows = [to_row(record.message, record.received_at or received_at) for record in batch]
        outcomes = await self._insert(batch, rows)
        self._tail += outcomes.count(AddOutcome.CREATED)
        if self._tail >= self._long_tail:
            self._tail = 0
            await self._fold()
        return outcomes

    @abstractmethod
    async def _insert(self, batch: Sequence[Record], rows: Sequence[Row]) -> list[AddOutcome]:
        """Store a batch, given as rows too."""

    @abstractmethod
    async def _fold(self) -> None:
        """Fold what is new."""


class Placed(NamedTuple):
    """What becomes of a batch.

    Attributes:
        outcomes: Of each row, in the order of the batch.
        new: Those to add, each behind its `seq`.
    """

    outcomes: list[AddOutcome]
    new: list[tuple[object, ...]]


def place(batch: Iterable[Record], rows: Sequence[Row], kept: dict[str, Kept], last: int) -> Placed:
    """Give each new row a `seq`: that of its record, or the next one where the log has passed it.

    One above `lyftr_core.message.MAX_KEPT_SEQ` is not kept either.

    Args:
        batch: The records.
        rows: Their rows.
        kept: What the table holds under their identifiers; what is new is added.
        last: The last `seq` of the log.
    """
    placed = Placed([], [])
    for row, record in zip(rows, batch, strict=True):
        if row.message_id in kept:
            placed.outcomes.append(kept[row.message_id].tell(row))
        else:
            last = max(last + 1, record.kept_seq or 0)
            kept[row.message_id] = Kept(last, None, row.content)
            placed.new.append((last, *row))
            placed.outcomes.append(AddOutcome.CREATED)
    return placed
