"""Bringing a database to the schema of this version, by one process at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from psycopg import Connection

from lyftr_postgres.connection.connecting import connect_now
from lyftr_postgres.connection.failures import as_storage_unavailable
from lyftr_postgres.connection.log_order import require_log_below_now
from lyftr_postgres.connection.settings import require_writable_now
from lyftr_postgres.connection.url import describe
from lyftr_postgres.schema.revision import find_revision, require_head, require_server
from lyftr_postgres.schema.search_index import make_search_index
from lyftr_postgres.schema.tables import HEAD

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
        # Alembic is large, and only this needs it.
        from lyftr_postgres.schema.upgrade import upgrade  # noqa: PLC0415 - as above

        done = upgrade(lambda: connect_now(conninfo), name)
        has_index = make_search_index(connection, concurrently=True)
        return Migration(done.before, HEAD, has_index, done.raised_log_base)


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
    require_head(found, name)
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
