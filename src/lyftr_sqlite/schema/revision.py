"""Which schema a database has, and whether this version of the program knows it."""

import sqlite3
from pathlib import Path

from lyftr_sql.migrating import Schema
from lyftr_sqlite.connection.read_access import open_to_read

__all__ = ["SCHEMA", "find_revision", "require_head", "require_readable"]

SCHEMA: Schema = Schema(scripts="lyftr_sqlite:migrations", revisions=("v1",))
_HAS_REVISION = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"


def find_revision(database: sqlite3.Connection, path: Path) -> str | None:
    """Return the schema revision of a database, `None` for a new one.

    Raises:
        SchemaMismatch: No migration leads from it to this version.
    """
    if not database.execute(_HAS_REVISION).fetchone():
        return None
    return SCHEMA.find(database.execute("SELECT version_num FROM alembic_version"), str(path))


def require_head(database: sqlite3.Connection, path: Path) -> None:
    """See that a database has the schema of this version.

    Raises:
        SchemaMismatch: It has another.
    """
    SCHEMA.require_head(find_revision(database, path), str(path))


def require_readable(path: Path) -> None:
    """See that a file is a database that this version can read as it is.

    Raises:
        StorageUnavailable: It is missing, or cannot be read.
        SchemaMismatch: It has another schema.
    """
    with open_to_read(path) as database:
        require_head(database, path)
