"""A copy of a database as of one moment, while others write to it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from lyftr_core.errors import SchemaMismatch, StorageUnavailable
from lyftr_sqlite.connection.obstacles import obstacle_to_writing
from lyftr_sqlite.connection.read_access import ReadAccess, open_to_read
from lyftr_sqlite.connection.url import BUSY_TIMEOUT, file_uri
from lyftr_sqlite.maintenance.check import check
from lyftr_sqlite.schema.revision import find_revision

__all__ = ["back_up", "copy_database", "require_sound"]

_STEP = 1_024
"""How many pages are copied between two reports."""


def back_up(
    path: Path,
    target: Path,
    *,
    checked: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> None:
    """Copy a database.

    The copy holds every message that was committed before this began, and is a file of its own,
    with no log beside it. To have it on the disk is left to the caller.

    Args:
        path: The database. A server may run.
        target: An empty file that nobody else uses.
        checked: Whether to check the copy.
        progress: Told how many pages are copied, and how many there are.

    Raises:
        StorageUnavailable: The database cannot be read, the copy cannot be written, or is damaged.
        SchemaMismatch: The database has no schema that this version knows.
    """
    copy_database(path, target, progress)
    if checked:
        require_sound(target)


def copy_database(
    path: Path,
    target: Path,
    progress: Callable[[int, int], None],
    access: ReadAccess | None = None,
) -> None:
    """Copy a database; see `back_up`.

    Args:
        path: The database.
        target: An empty file.
        progress: Told how far it is.
        access: How to open the database, if not as any reader does.
    """
    with (
        open_to_read(path, "copy", access) as source,
        closing(_connect(file_uri(target, "rw"))) as copy,
    ):
        # One reading transaction over all steps: without it each commit of a server between two
        # of them would make SQLite begin anew.
        source.execute("BEGIN")
        if find_revision(source, path) is None:
            raise SchemaMismatch(f"{path} is no database of lyftr")
        # What is left of it after a crash is no backup anyway, and whole it is synced at the end.
        copy.execute("PRAGMA synchronous=OFF")
        copy.execute("PRAGMA journal_mode=OFF")
        with _blamed_on(target):
            source.backup(
                copy, pages=_STEP, progress=lambda _, left, all_: progress(all_ - left, all_)
            )


@contextmanager
def _blamed_on(target: Path) -> Iterator[None]:
    """Name the copy where it is what cannot be written; SQLite does not tell which of the two."""
    try:
        yield
    except sqlite3.Error as exc:
        if why := obstacle_to_writing(target):
            raise StorageUnavailable(f"cannot write {target}: {why}") from exc
        raise


def require_sound(path: Path) -> None:
    """See that a copy is what a database should be.

    Raises:
        StorageUnavailable: It is not.
    """
    wrong = [f"{found.subject}: {found.faults[0]}" for found in check(path) if found.faults]
    if wrong:
        raise StorageUnavailable(f"the copy is damaged: {'; '.join(wrong)}")


def _connect(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT / 1000, isolation_level=None)
