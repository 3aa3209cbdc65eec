"""Which schema a database has, and whether this version of the program knows it."""

import sqlite3
from pathlib import Path

from lyftr_core.errors import SchemaMismatch
from lyftr_sqlite.connection.read_access import open_to_read
from lyftr_sqlite.schema.tables import EARLIER, HEAD

__all__ = ["find_revision", "require_head", "require_readable"]

_HAS_REVISION = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"


def find_revision(database: sqlite3.Connection, path: Path) -> str | None:
    """Return the schema revision of a database, `None` for a new one.

    Raises:
        SchemaMismatch: This version does not know it.
    """
    if not database.execute(_HAS_REVISION).fetchone():
        return None
    found = [str(row[0]) for row in database.execute("SELECT version_num FROM alembic_version")]
    if found not in ([], [HEAD], *([revision] for revision in EARLIER)):
        raise SchemaMismatch(
            f"{path} has schema {', '.join(found)}, which is newer than this lyftr"
            f" (schema {HEAD}); use the lyftr that wrote it, or a newer one"
        )
    return found[0] if found else None


def require_head(database: sqlite3.Connection, path: Path) -> None:
    """See that a database has the schema of this version.

    Raises:
        SchemaMismatch: It has another.
    """
    found = find_revision(database, path)
    if found != HEAD:
        raise SchemaMismatch(f"{path} has schema {found or 'none'}; first run lyftr migrate")


def require_readable(path: Path) -> None:
    """See that a file is a database that this version can read as it is.

    Raises:
        StorageUnavailable: It is missing, or cannot be read.
        SchemaMismatch: It has another schema.
    """
    with open_to_read(path) as database:
        require_head(database, path)
