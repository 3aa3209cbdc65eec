"""Bringing a database file to the schema of this version, before anything else uses it."""

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import cast

import msgspec
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from lyftr_core.errors import SchemaMismatch, StorageUnavailable
from lyftr_sqlite.engines import BUSY_TIMEOUT, file_uri, file_url
from lyftr_sqlite.failures import as_storage_unavailable
from lyftr_sqlite.schema import HEAD

__all__ = ["MINIMUM_SQLITE", "Migration", "migrate"]

MINIMUM_SQLITE = (3, 35, 0)
"""The first SQLite with RETURNING."""
_ALEMBIC = threading.Lock()
"""Alembic keeps what it runs in globals: one migration at a time in a process."""
_HAS_REVISION = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
_PRIMARY_CODE = 0xFF
"""The part of an error code that extended codes share (https://www.sqlite.org/rescode.html)."""
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


def migrate(path: Path) -> Migration:
    """Make the database or bring it to the schema of this version, in one transaction.

    Something is committed even where nothing is to be done, so that a database that cannot be
    written shows here. Several processes may do this at once: one of them does the work.

    Args:
        path: The file. Its folder must exist; the file need not.

    Raises:
        StorageUnavailable: The file cannot be opened, locked or written.
        SchemaMismatch: The database is newer than this program, or SQLite is too old.
    """
    _check_sqlite_version()
    with as_storage_unavailable(f"cannot open {path}"):
        if not path.parent.is_dir():
            raise StorageUnavailable(f"cannot open {path}: the folder {path.parent} does not exist")
        _prepare(path)
        with _create_engine(path).begin() as connection:
            return _upgrade(connection, path)


def _check_sqlite_version() -> None:
    if sqlite3.sqlite_version_info < MINIMUM_SQLITE:
        needed = ".".join(map(str, MINIMUM_SQLITE))
        raise SchemaMismatch(f"SQLite {needed} or later is needed, not {sqlite3.sqlite_version}")


def _prepare(path: Path) -> None:
    """Refuse a newer database before anything about it is changed, then switch it to WAL."""
    uri = f"{file_uri(path)}?mode=rwc"
    timeout = BUSY_TIMEOUT / 1000
    with closing(sqlite3.connect(uri, uri=True, timeout=timeout, isolation_level=None)) as database:
        _revision(database, path)
        _use_wal(database, path)


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
        if exc.sqlite_errorcode & _PRIMARY_CODE == sqlite3.SQLITE_BUSY:
            return None
        raise


def _create_engine(path: Path) -> Engine:
    engine = create_engine(
        file_url("sqlite", path, "rw"),
        poolclass=NullPool,
        connect_args={"isolation_level": None, "timeout": BUSY_TIMEOUT / 1000},
    )

    @event.listens_for(engine, "connect")
    def sync_each_commit(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # so that only one process migrates

    return engine


def _upgrade(connection: Connection, path: Path) -> Migration:
    before = _revision(cast("sqlite3.Connection", connection.connection.driver_connection), path)
    if before == HEAD:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = version_num")
    else:
        config = _config()
        config.attributes["connection"] = connection
        with _ALEMBIC:
            command.upgrade(config, HEAD)
    return Migration(before, HEAD)


def _revision(database: sqlite3.Connection, path: Path) -> str | None:
    """Return the schema revision of a database, `None` for a new one.

    Raises:
        SchemaMismatch: This version does not know it.
    """
    if not database.execute(_HAS_REVISION).fetchone():
        return None
    found = [str(row[0]) for row in database.execute("SELECT version_num FROM alembic_version")]
    if found != [HEAD] and not _is_known(found):
        raise SchemaMismatch(
            f"{path} has schema {', '.join(found)}, which is newer than this lyftr"
            f" (schema {HEAD}); use the lyftr that wrote it, or a newer one"
        )
    return found[0] if found else None


def _is_known(revisions: list[str]) -> bool:
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return len(revisions) <= 1 and {script.revision for script in scripts}.issuperset(revisions)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "lyftr_sqlite:migrations")
    return config
