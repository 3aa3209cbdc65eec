"""The writer over SQLite: group commit, each batch in one statement."""

from collections.abc import Callable, Sequence

from lyftr_core.message import AddOutcome
from lyftr_sql.batch import Row
from lyftr_sql.group_commit import MAX_BATCH, MAX_WAITING, Commit, GroupCommitWriter
from lyftr_sqlite.failures import is_busy, reason
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
            _Batches(connection),
            on_commit=on_commit,
            max_batch=max_batch,
            max_waiting=max_waiting,
        )


class _Batches:
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
        return is_busy(failure)

    def reason(self, failure: Exception) -> str:
        return reason(failure)
