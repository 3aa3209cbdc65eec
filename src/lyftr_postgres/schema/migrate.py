"""Bringing a database to the schema of this version, by one process at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import msgspec
from psycopg import Connection
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

from lyftr_postgres.connection.connecting import connect_now
from lyftr_postgres.connection.durability import MIGRATING
from lyftr_postgres.connection.failures import as_storage_unavailable
from lyftr_postgres.connection.log_order import raise_log_base, require_log_below_now
from lyftr_postgres.connection.settings import LOCALLY, require_writable_now
from lyftr_postgres.connection.url import describe
from lyftr_postgres.schema.revision import SCHEMA, find_revision, require_server
from lyftr_postgres.schema.search_index import make_search_index

__all__ = ["Migration", "migrate", "prepare", "require_readable"]

_RAISED = "the log was ahead of this server; new messages get a higher seq now"
_NO_INDEX = (
    "no search index, as pg_trgm is not there or not for this user to add;"
    " searches look at one message after another"
)


class Migration(msgspec.Struct, frozen=True):
    """What a migration did.

    Attributes:
        before: The schema revision that was found; `None` for a new database.
        after: The schema revision that is there now.
        has_search_index: Whether searches have an index, for which pg_trgm is needed.
        raised_log_base: Whether the log was ahead of the server, which no longer matters now.
    """

    before: str | None
    after: str
    has_search_index: bool
    raised_log_base: bool

    @property
    def remarks(self) -> tuple[str, ...]:
        """What else there is to say, a line each."""
        lines = {_RAISED: self.raised_log_base, _NO_INDEX: not self.has_search_index}
        return tuple(line for line, is_so in lines.items() if is_so)


def migrate(conninfo: str) -> Migration:
    """Make the tables or bring them to the schema of this version, in one transaction.

    Several processes may do this at once: one of them does the work. The search index is made
    afterwards, without holding up webhooks.

    Args:
        conninfo: See `lyftr_postgres.connection.url.parse_database_url`.

    Raises:
        StorageUnavailable: The database cannot be reached or written.
        SchemaMismatch: The database is newer than this program, or the server lacks what is needed.
    """
    name = describe(conninfo)
    with _connect(conninfo) as connection:
        require_writable_now(connection, name)
        before, raised_log_base = _upgrade(conninfo, name)
        has_index = make_search_index(connection, concurrently=True)
        return Migration(before, SCHEMA.head, has_index, raised_log_base)


def prepare(conninfo: str) -> None:
    """Make the tables in an empty database, and see that those of any other fit.

    Raises:
        StorageUnavailable: The database cannot be reached or written.
        SchemaMismatch: It has an older schema, which `lyftr migrate` changes when somebody wants
            that, or a newer one; or it was moved here, and its log is ahead of this server.
    """
    name = describe(conninfo)
    with _connect(conninfo) as connection:
        require_writable_now(connection, name)
        found = find_revision(connection, name)
        if found is not None:
            _require_fit(connection, found, name)
    if found is None:
        migrate(conninfo)


def require_readable(conninfo: str) -> None:
    """See that a database has the schema of this version.

    Raises:
        StorageUnavailable: It cannot be reached.
        SchemaMismatch: It has another schema, or its log is ahead of this server.
    """
    with _connect(conninfo) as connection:
        name = describe(conninfo)
        _require_fit(connection, find_revision(connection, name), name)


def _require_fit(connection: Connection, found: str | None, name: str) -> None:
    SCHEMA.require_head(found, name)
    require_log_below_now(connection, name)


@contextmanager
def _connect(conninfo: str) -> Iterator[Connection]:
    """Open a connection in autocommit mode, to a server that has what is needed."""
    with (
        as_storage_unavailable(f"cannot use {describe(conninfo)}"),
        connect_now(conninfo) as connection,
    ):
        require_server(connection, describe(conninfo))
        yield connection


def _upgrade(conninfo: str, name: str) -> tuple[str | None, bool]:
    """Run the migrations that a database lacks, in one transaction.

    Returns:
        The revision that was found, perhaps that of this version where another process was faster,
        and whether the log was ahead of the server.
    """
    with _create_engine(conninfo).begin() as connection:
        database = cast("Connection", connection.connection.driver_connection)
        database.execute(LOCALLY)
        # Of the transaction, so that it is given up whatever happens, through a pool too.
        database.execute("SELECT pg_advisory_xact_lock(%s)", [MIGRATING])
        before = find_revision(database, name)
        SCHEMA.upgrade(connection, before)
        if before is None:
            make_search_index(database, concurrently=False)  # nobody uses the table yet
        return before, raise_log_base(database)


def _create_engine(conninfo: str) -> Engine:
    def connect() -> Connection:
        connection = connect_now(conninfo)
        connection.autocommit = False
        return connection

    return create_engine(
        "postgresql+psycopg://",
        creator=connect,
        poolclass=NullPool,
        hide_parameters=True,
        use_native_hstore=False,
    )
