"""Group commit over the one connection that writes to the file."""

from collections.abc import Callable, Sequence

from lyftr_core.message import AddOutcome
from lyftr_sql.batch import Row
from lyftr_sql.group_commit import MAX_BATCH, MAX_WAITING, Commit, GroupCommitWriter
from lyftr_sqlite import failures
from lyftr_sqlite.insertion import LARGEST_BATCH, insert_batch
from lyftr_sqlite.writing_connection import WritingConnection

__all__ = ["SqliteMessageWriter"]


class SqliteMessageWriter(GroupCommitWriter):
    """The `MessageWriter` port over SQLite. It is used in one event loop.

    Args:
        connection: Others may take turns on it.
        on_commit: Told after each commit.
        max_batch: At most how many messages share one commit; up to 4,096.
        max_waiting: At most how many messages wait for their commit.

    Raises:
        ValueError: The batches are larger than one statement can be.
    """

    def __init__(
        self,
        connection: WritingConnection,
        *,
        on_commit: Callable[[Commit], None] = lambda _commit: None,
        max_batch: int = MAX_BATCH,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        if max_batch > LARGEST_BATCH:
            raise ValueError(f"at most {LARGEST_BATCH} messages can share one commit")
        super().__init__(
            _OneConnection(connection),
            on_commit=on_commit,
            max_batch=max_batch,
            max_waiting=max_waiting,
        )


class _OneConnection:
    """Commits each batch by one statement; see `lyftr_sql.group_commit.BatchStore`."""

    def __init__(self, connection: WritingConnection) -> None:
        self._connection = connection

    async def insert(self, batch: Sequence[Row]) -> list[AddOutcome]:
        async with self._connection.open() as connection:
            return await insert_batch(connection, batch)

    async def check(self) -> None:
        await self._connection.check()

    async def close(self) -> None:
        await self._connection.close()

    def holds_up_others(self, failure: Exception) -> bool:
        """Tell whether another held the lock, for which each batch would wait as long again."""
        return failures.is_busy(failure)

    def reason(self, failure: Exception) -> str:
        return failures.reason(failure)
