"""The log in a SQLite file, to copy from and to copy to; see `lyftr_runtime.copying`."""

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from lyftr_core.errors import StorageUnavailable
from lyftr_sql.log_rows import AT_ONCE, ConflictRow, Conflicts, LogRow, LogSource, LogTarget
from lyftr_sqlite.connection.failures import as_storage_unavailable
from lyftr_sqlite.connection.obstacles import obstacle_to_reading, obstacle_to_writing
from lyftr_sqlite.connection.read_access import open_to_read
from lyftr_sqlite.connection.turns import open_long_work
from lyftr_sqlite.connection.url import BUSY_TIMEOUT, file_uri
from lyftr_sqlite.projections.folding import fold_rest
from lyftr_sqlite.projections.projections import PROJECTIONS
from lyftr_sqlite.schema.migrate import migrate
from lyftr_sqlite.schema.revision import find_revision, require_head

__all__ = ["SqliteLogSource", "SqliteLogTarget", "open_log_source", "open_log_target"]


def _insert(table: str, columns: Sequence[str]) -> str:
    slots = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({slots})"


_ADD_ROW = _insert("messages", LogRow._fields)
_ADD_CONFLICT = _insert("conflicts", ConflictRow._fields)
_LAST_SEQ = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'messages'"


class SqliteLogSource(LogSource):
    """A `LogSource` over a SQLite file.

    Args:
        path: The file.
        database: A connection to it; what it reads is as of one moment if a transaction is open.
    """

    def __init__(self, path: Path, database: sqlite3.Connection) -> None:
        super().__init__(str(path))
        self._path = path
        self._database = database

    def read(self, query: str) -> Iterator[Sequence[Any]]:
        """Yield what a query gives."""
        to_read = partial(obstacle_to_reading, self._path)
        with (
            as_storage_unavailable(f"cannot read {self.name}", to_read),
            closing(self._database.execute(query)) as cursor,
        ):
            while batch := cursor.fetchmany(AT_ONCE):
                yield batch


class SqliteLogTarget(SqliteLogSource, LogTarget):
    """A `LogTarget` over a SQLite file; its connection has no transaction open."""

    def append(self, rows: Sequence[LogRow], *, after: int) -> None:
        """Add rows to the end of the log; see `LogTarget`."""
        with self._transaction() as database:
            ((last,),) = database.execute(_LAST_SEQ)
            if last != after:
                raise StorageUnavailable(f"{self.name} is being written by somebody else")
            database.executemany(_ADD_ROW, rows)

    def replace_conflicts(self, conflicts: Conflicts) -> None:
        """Put these in the place of all conflicts, in one durable transaction."""
        with self._transaction() as database:
            database.execute("DELETE FROM conflicts")
            database.executemany(_ADD_CONFLICT, chain.from_iterable(conflicts))

    def finish(self) -> None:
        """Fold the log into the lists, the counts and the search index."""
        asyncio.run(_fold(self._path))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        why = partial(obstacle_to_writing, self._path)
        with as_storage_unavailable(f"cannot write {self.name}", why):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            finally:
                if self._database.in_transaction:
                    self._database.rollback()


@contextmanager
def open_log_source(path: Path) -> Iterator[SqliteLogSource]:
    """Open a database to copy from, as of this moment. A server may run.

    Args:
        path: The file.

    Raises:
        StorageUnavailable: It is missing, or cannot be read.
        SchemaMismatch: It has another schema than this version uses.
    """
    with open_to_read(path) as database:
        require_head(database, path)
        source = SqliteLogSource(path, database)
        database.execute("BEGIN")
        source.count()  # the moment is that of the first look
        yield source


@contextmanager
def open_log_target(path: Path) -> Iterator[SqliteLogTarget]:
    """Open a database to copy to; it is made if it is not there.

    Args:
        path: The file. Its folder must exist.

    Raises:
        StorageUnavailable: It cannot be written.
        SchemaMismatch: It has another schema than this version uses.
    """
    if not path.is_file() or _is_new(path):
        migrate(path)
    with _connect(path) as database:
        require_head(database, path)
        database.execute("PRAGMA synchronous=FULL")
        yield SqliteLogTarget(path, database)


@contextmanager
def _connect(path: Path) -> Iterator[sqlite3.Connection]:
    with as_storage_unavailable(f"cannot open {path}", partial(obstacle_to_writing, path)):
        database = sqlite3.connect(
            file_uri(path, "rw"), uri=True, timeout=BUSY_TIMEOUT / 1000, isolation_level=None
        )
    with closing(database):
        yield database


def _is_new(path: Path) -> bool:
    why = partial(obstacle_to_writing, path)
    with as_storage_unavailable(f"cannot open {path}", why), _connect(path) as database:
        return find_revision(database, path) is None


async def _fold(path: Path) -> None:
    async with open_long_work(path) as work:
        for projection in PROJECTIONS:
            await fold_rest(work, projection)
