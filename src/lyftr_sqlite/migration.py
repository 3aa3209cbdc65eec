"""Bringing a database file to the schema of this version, before anything else uses it."""

import sqlite3
from pathlib import Path

import msgspec
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from lyftr_core.errors import SchemaMismatch, StorageUnavailable
from lyftr_sqlite.engines import BUSY_TIMEOUT, file_url
from lyftr_sqlite.failures import as_storage_unavailable
from lyftr_sqlite.schema import HEAD

__all__ = ["MINIMUM_SQLITE", "Migration", "migrate"]

MINIMUM_SQLITE = (3, 35, 0)
"""The first SQLite with RETURNING."""


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

    Several processes may do this at once: one of them does the work.

    Args:
        path: The file. Its folder must exist; the file need not.

    Raises:
        StorageUnavailable: The file cannot be opened, locked or written.
        SchemaMismatch: The database is newer than this program, or SQLite is too old.
    """
    _check_sqlite_version()
    if not path.parent.is_dir():
        raise StorageUnavailable(f"cannot open {path}: the folder {path.parent} does not exist")
    with as_storage_unavailable(f"cannot open {path}"), _create_engine(path).begin() as connection:
        return _upgrade(connection, path)


def _check_sqlite_version() -> None:
    if sqlite3.sqlite_version_info < MINIMUM_SQLITE:
        needed = ".".join(map(str, MINIMUM_SQLITE))
        raise SchemaMismatch(f"SQLite {needed} or later is needed, not {sqlite3.sqlite_version}")


def _create_engine(path: Path) -> Engine:
    engine = create_engine(
        file_url("sqlite", path, "rwc"),
        poolclass=NullPool,
        connect_args={"isolation_level": None, "timeout": BUSY_TIMEOUT / 1000},
    )

    @event.listens_for(engine, "connect")
    def use_wal(connection: sqlite3.Connection, _record: object) -> None:
        # The mode stays with the file; the engines of the store rely on it.
        (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
        if mode != "wal":
            raise StorageUnavailable(f"cannot open {path}: its file system does not support WAL")
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # Not deferred: an unwritable or locked database shows here, and only one migrates.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _upgrade(connection: Connection, path: Path) -> Migration:
    before = MigrationContext.configure(connection).get_current_revision()
    if before != HEAD:
        config = Config()
        config.set_main_option("script_location", "lyftr_sqlite:migrations")
        config.attributes["connection"] = connection
        _require_known(before, ScriptDirectory.from_config(config), path)
        command.upgrade(config, HEAD)
    return Migration(before, HEAD)


def _require_known(revision: str | None, scripts: ScriptDirectory, path: Path) -> None:
    known = {script.revision for script in scripts.walk_revisions()}
    if revision is not None and revision not in known:
        raise SchemaMismatch(
            f"{path} has schema {revision}, which is newer than this lyftr (schema {HEAD});"
            " use the lyftr that wrote it, or a newer one"
        )
