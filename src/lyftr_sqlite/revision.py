"""Which schema a database has, and whether this version of the program knows it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from lyftr_core.errors import SchemaMismatch, StorageUnavailable
from lyftr_sqlite.engines import BUSY_TIMEOUT, file_uri
from lyftr_sqlite.failures import as_storage_unavailable
from lyftr_sqlite.schema import EARLIER, HEAD

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
    if not path.is_file():
        raise StorageUnavailable(f"cannot read {path}: there is no such file")
    uri = file_uri(path, "rw")  # a reader of WAL writes to its shared memory
    with (
        as_storage_unavailable(f"cannot read {path}"),
        closing(sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT / 1000)) as database,
    ):
        require_head(database, path)
