"""The writer over PostgreSQL: group commit, each batch in one statement."""

from collections.abc import Callable

from lyftr_postgres.batches import PostgresBatches
from lyftr_postgres.horizon import LARGEST_BATCH
from lyftr_postgres.writing_connection import WritingConnection
from lyftr_sql.group_commit import MAX_BATCH, MAX_WAITING, Commit, GroupCommitWriter

__all__ = ["PostgresMessageWriter"]


class PostgresMessageWriter(GroupCommitWriter):
    """The `MessageWriter` port over PostgreSQL. It is used in one event loop.

    Args:
        connection: Others may take turns on it.
        on_commit: Told after each commit.
        max_batch: At most how many messages share one commit; up to 4,095.
        max_waiting: At most how many messages wait for their commit.

    Raises:
        ValueError: The batches are larger than one transaction can be.
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
            PostgresBatches(connection),
            on_commit=on_commit,
            max_batch=max_batch,
            max_waiting=max_waiting,
        )
