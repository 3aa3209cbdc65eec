"""The writer over PostgreSQL: group commit, each batch in one statement."""

from collections.abc import Callable

from lyftr_postgres.batches import PostgresBatches
from lyftr_postgres.writing_connection import WritingConnection
from lyftr_sql.group_commit import Commit, GroupCommitWriter

__all__ = ["PostgresMessageWriter"]


class PostgresMessageWriter(GroupCommitWriter):
    """The `MessageWriter` port over PostgreSQL. It is used in one event loop.

    Args:
        connection: Others may take turns on it.
        on_commit: Told after each commit.
    """

    def __init__(
        self,
        connection: WritingConnection,
        on_commit: Callable[[Commit], None] = lambda _commit: None,
    ) -> None:
        super().__init__(PostgresBatches(connection), on_commit=on_commit)
