"""Bringing a database file to the schema of this version, before anything else uses it."""

import os
import sqlite3
import time
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import cast

import msgspec
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

from lyftr_core.errors import SchemaMismatch, StorageUnavailable
from lyftr_sqlite.connection.companions import require_usable
from lyftr_sqlite.connection.failures import as_storage_unavailable, is_busy
from lyftr_sqlite.connection.obstacles import obstacle_to_writing
from lyftr_sqlite.connection.ownership import create_private
from lyftr_sqlite.connection.url import BUSY_TIMEOUT, file_uri
from lyftr_sqlite.schema.revision import SCHEMA, find_revision

__all__ = ["MINIMUM_SQLITE", "Migration", "migrate"]

MINIMUM_SQLITE = (3, 35, 0)
"""The first SQLite that can drop a column, as a migration may."""
_BEYOND_ASCII = "\u00c9"
_ABILITIES = "SELECT (SELECT count(*) FROM pragma_module_list WHERE name = 'fts5'), lower(?)"
_RETRY_INTERVAL = 0.02
"""Between two attempts to switch to WAL, in seconds."""


class Migration(msgspec.Struct, frozen=True):
    """What a migration did.

    Attributes:
        before: The schema revision that was found; `None` for a new database.
        after: The schema revision that is there now.
    """

    before: str | None
    after: str

    @property
    def remarks(self) -> tuple[str, ...]:
        """What else there is to say; of SQLite this is nothing."""
        return ()


def migrate(path: Path) -> Migration:
    """Make the database or bring it to the schema of this version, in one transaction.

    A new file is for its owner alone (mode 0600). An existing one keeps its owner and mode, so one
    that is to be shared can be made beforehand, empty.

    Something is committed even where nothing is to be done, so that a database that cannot be
    written shows here. Several processes may do this at once: one of them does the work.

    Args:
        path: The file. Its folder must exist; the file need not.

    Raises:
        StorageUnavailable: The file cannot be opened, locked or written.
        SchemaMismatch: The database is newer than this program, or SQLite lacks what is needed.
    """
    _check_sqlite()
    with as_storage_unavailable(f"cannot open {path}", partial(obstacle_to_writing, path)):
        require_usable(path)
        if not Path(os.path.realpath(path)).parent.is_dir():
            raise FileNotFoundError
        before = _prepare(path)
        if before != SCHEMA.head:
            before = _upgrade(path)
        return Migration(before, SCHEMA.head)


def _check_sqlite() -> None:
    if sqlite3.sqlite_version_info < MINIMUM_SQLITE:
        needed = ".".join(map(str, MINIMUM_SQLITE))
        raise SchemaMismatch(f"SQLite {needed} or later is needed, not {sqlite3.sqlite_version}")
    with closing(sqlite3.connect(":memory:")) as database:
        has_search, lower = database.execute(_ABILITIES, [_BEYOND_ASCII]).fetchone()
    if not has_search:
        raise SchemaMismatch("SQLite with FTS5 is needed; this one was built without it")
    if lower != _BEYOND_ASCII:
        raise SchemaMismatch("SQLite without ICU is needed: in this one lower() does more than A-Z")


def _prepare(path: Path) -> str | None:
    """Refuse a newer database before anything about it is changed, then switch it to WAL.

    Returns:
        Its schema revision.
    """
    with suppress(OSError):  # SQLite itself says best why it cannot open a file
        create_private(path)
    with closing(_connect(path)) as database:
        before = find_revision(database, path)
        _use_wal(database, path)
        if before == SCHEMA.head:
            database.execute("UPDATE alembic_version SET version_num = version_num")
        return before


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        file_uri(path, "rw"), uri=True, timeout=BUSY_TIMEOUT / 1000, isolation_level=None
    )


def _use_wal(database: sqlite3.Connection, path: Path) -> None:
    """Switch the file to WAL; the mode stays with the file, and the engines rely on it."""
    deadline = time.monotonic() + BUSY_TIMEOUT / 1000
    while (mode := _try_wal(database)) is None and time.monotonic() < deadline:
        time.sleep(_RETRY_INTERVAL)
    if mode is None:
        raise StorageUnavailable(f"cannot open {path}: database is locked")
    if mode != "wal":
        raise StorageUnavailable(f"cannot open {path}: its file system does not support WAL")


def _try_wal(database: sqlite3.Connection) -> str | None:
    """Return the mode now in use, or `None` where another process holds the file.

    SQLite's own time-out does not hold for this statement.
    """
    try:
        return str(database.execute("PRAGMA journal_mode=WAL").fetchone()[0])
    except sqlite3.OperationalError as exc:
        if is_busy(exc):
            return None
        raise


def _upgrade(path: Path) -> str | None:
    """Run the migrations that a database lacks, in one transaction.

    Returns:
        The revision that it had, perhaps that of this version where another process was faster.
    """
    import alembic.command  # noqa: F401, PLC0415 - loading it takes long, and others wait for the lock

    with _create_engine(path).begin() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # so that only one process migrates
        database = cast("sqlite3.Connection", connection.connection.driver_connection)
        before = find_revision(database, path)
        SCHEMA.upgrade(connection, before)
        return before


def _create_engine(path: Path) -> Engine:
    def connect() -> sqlite3.Connection:
        database = _connect(path)
        database.execute("PRAGMA synchronous=FULL")
        return database

    return create_engine("sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)
