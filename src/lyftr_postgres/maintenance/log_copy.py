"""The log in PostgreSQL, to copy from and to copy to; see `lyftr_runtime.copying`."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import chain, count
from typing import Any

from psycopg import Connection, sql

from lyftr_core.errors import StorageUnavailable
from lyftr_postgres.connection.connecting import connect_now
from lyftr_postgres.connection.durability import DURABLY, CommitWarnings
from lyftr_postgres.connection.failures import as_storage_unavailable
from lyftr_postgres.connection.log_order import HORIZON, RAISE_BASE
from lyftr_postgres.connection.settings import LOCALLY
from lyftr_postgres.connection.url import describe
from lyftr_postgres.maintenance.rebuild import fold_all
from lyftr_postgres.schema.migrate import prepare, require_readable
from lyftr_sql.log_rows import AT_ONCE, ConflictRow, Conflicts, LogRow, LogSource, LogTarget

__all__ = ["PostgresLogSource", "PostgresLogTarget", "open_log_source", "open_log_target"]

_LAST_SEQ = "SELECT coalesce(max(seq), 0) FROM messages"
# It is idle while the target works, for as long as that takes.
_ONE_MOMENT = f"""BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {LOCALLY};
    SET LOCAL idle_in_transaction_session_timeout = 0"""


class PostgresLogSource(LogSource):
    """A `LogSource` over PostgreSQL.

    Args:
        conninfo: See `lyftr_postgres.connection.url.parse_database_url`.
        connection: To it.
        horizon: Only what is below this `seq` is read, if it is given.
    """

    def __init__(
        self, conninfo: str, connection: Connection[Any], horizon: int | None = None
    ) -> None:
        super().__init__(describe(conninfo), horizon)
        self._conninfo = conninfo
        self._connection = connection
        self._cursors = count()

    def read(self, query: str) -> Iterator[Sequence[Any]]:
        """Yield what a query gives, by a cursor of the server's, or all would come at once."""
        with (
            as_storage_unavailable(f"cannot read {self.name}"),
            self._moment(),
            self._connection.cursor(f"lyftr_{next(self._cursors)}") as cursor,
        ):
            cursor.execute(query.encode())
            while batch := cursor.fetchmany(AT_ONCE):
                yield batch

    def _moment(self) -> AbstractContextManager[object]:
        """Return the transaction to read in: here the one that is open."""
        return nullcontext()


class PostgresLogTarget(PostgresLogSource, LogTarget):
    """A `LogTarget` over PostgreSQL; its connection is in autocommit mode."""

    def __init__(self, conninfo: str, connection: Connection[Any]) -> None:
        super().__init__(conninfo, connection)
        self._warnings = CommitWarnings()
        connection.add_notice_handler(self._warnings.note)

    def append(self, rows: Sequence[LogRow], *, after: int) -> None:
        """Add rows to the end of the log; see `LogTarget`."""
        with self._transaction() as connection:
            # Nobody adds to the log until the commit; then its base is above these rows.
            connection.execute("LOCK TABLE messages IN EXCLUSIVE MODE")
            if _number(connection, _LAST_SEQ) != after:
                raise StorageUnavailable(f"{self.name} is being written by somebody else")
            _copy_in(connection, "messages", LogRow._fields, rows)
            connection.execute(RAISE_BASE)

    def replace_conflicts(self, conflicts: Conflicts) -> None:
        """Put these in the place of all conflicts, in one durable transaction."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM conflicts")
            rows = chain.from_iterable(conflicts)
            _copy_in(connection, "conflicts", ConflictRow._fields, rows)

    def finish(self) -> None:
        """Have the table analysed, and fold the log into the counts."""
        with as_storage_unavailable(f"cannot write {self.name}"):
            self._connection.execute("ANALYZE messages")
        fold_all(self._conninfo)

    @contextmanager
    def _moment(self) -> Iterator[None]:
        with self._connection.transaction():
            self._connection.execute(LOCALLY)
            yield

    @contextmanager
    def _transaction(self) -> Iterator[Connection[Any]]:
        self._warnings.clear()
        with as_storage_unavailable(f"cannot write {self.name}"):
            with self._connection.transaction():
                self._connection.execute(f"{LOCALLY}; SELECT {DURABLY}")
                yield self._connection
            self._warnings.require_none()


@contextmanager
def open_log_source(conninfo: str) -> Iterator[PostgresLogSource]:
    """Open a database to copy from, as of this moment. Servers may run.

    What a transaction under way is adding is left out, and all that comes behind it in the log.

    Args:
        conninfo: See `lyftr_postgres.connection.url.parse_database_url`.

    Raises:
        StorageUnavailable: It cannot be read.
        SchemaMismatch: It has another schema than this version uses.
    """
    require_readable(conninfo)
    with _connect(conninfo) as connection:
        with as_storage_unavailable(f"cannot read {describe(conninfo)}"):
            horizon = _number(connection, HORIZON)
            connection.execute(_ONE_MOMENT)
        yield PostgresLogSource(conninfo, connection, horizon)


@contextmanager
def open_log_target(conninfo: str) -> Iterator[PostgresLogTarget]:
    """Open a database to copy to; its tables are made if it has none.

    Args:
        conninfo: See `lyftr_postgres.connection.url.parse_database_url`.

    Raises:
        StorageUnavailable: It cannot be written.
        SchemaMismatch: It has another schema than this version uses.
    """
    prepare(conninfo)
    with _connect(conninfo) as connection:
        yield PostgresLogTarget(conninfo, connection)


@contextmanager
def _connect(conninfo: str) -> Iterator[Connection[Any]]:
    with as_storage_unavailable(f"cannot use {describe(conninfo)}"):
        connection = connect_now(conninfo)
    with connection:
        yield connection


def _copy_in(
    connection: Connection[Any],
    table: str,
    columns: Sequence[str],
    rows: Sequence[tuple[Any, ...]] | Iterator[tuple[Any, ...]],
) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _number(connection: Connection[Any], query: str) -> int:
    found = connection.execute(query.encode()).fetchone()
    if found is None:
        raise StorageUnavailable("the base of the log is missing")
    return int(found[0])
