"""Running the migrations that a database lacks. Only `lyftr_sqlite.schema.migrate` needs this."""

import sqlite3
import threading
from pathlib import Path
from typing import cast

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from lyftr_sqlite.connection.url import BUSY_TIMEOUT, file_uri
from lyftr_sqlite.schema.revision import find_revision
from lyftr_sqlite.schema.tables import HEAD

__all__ = ["upgrade"]

_ALEMBIC = threading.Lock()
"""Alembic keeps what it runs in globals: one migration at a time in a process."""


def upgrade(path: Path) -> str | None:
    """Bring a database to the schema of this version, in one transaction.

    Args:
        path: The file.

    Returns:
        The revision that it had, perhaps this very one where another process was faster.
    """
    with _create_engine(path).begin() as connection:
        database = cast("sqlite3.Connection", connection.connection.driver_connection)
        before = find_revision(database, path)
        if before != HEAD:
            config = Config()
            config.set_main_option("script_location", "lyftr_sqlite:migrations")
            config.attributes["connection"] = connection
            with _ALEMBIC:
                command.upgrade(config, HEAD)
        return before


def _create_engine(path: Path) -> Engine:
    def connect() -> sqlite3.Connection:
        timeout = BUSY_TIMEOUT / 1000
        uri = file_uri(path, "rw")
        return sqlite3.connect(uri, uri=True, timeout=timeout, isolation_level=None)

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def sync_each_commit(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # so that only one process migrates

    return engine
