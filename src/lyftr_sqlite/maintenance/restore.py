"""Puts a backup in the place of a database, and keeps what was there.

The order of the steps is such that, wherever it is cut off, the old database is at its place or the
new one is, each whole; see `docs/adr/0018-restore-in-place.md`.
"""

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path

from lyftr_core.database import Restored
from lyftr_core.errors import StorageUnavailable
from lyftr_sqlite.connection.companions import LOCKS, RESTORING, require_usable
from lyftr_sqlite.connection.failures import as_storage_unavailable, is_busy
from lyftr_sqlite.connection.obstacles import obstacle_to_writing
from lyftr_sqlite.connection.ownership import ownership_of, ownership_of_new
from lyftr_sqlite.connection.read_access import ReadAccess, read_access
from lyftr_sqlite.connection.url import BESIDE, file_uri
from lyftr_sqlite.maintenance.backup import copy_database, require_sound
from lyftr_sqlite.maintenance.check import check
from lyftr_sqlite.maintenance.rebuild import rebuild
from lyftr_sqlite.maintenance.restored_copy import open_copy, remove_beside
from lyftr_sqlite.schema.migrate import migrate

__all__ = ["restore"]

_SOURCES = frozenset({"file", "messages", "conflicts"})
"""What cannot be made anew."""
# Where SQLite has its locks in a database (https://www.sqlite.org/fileformat.html, "The Lock-Byte
# Page"): whoever has it open holds one of them.
_LOCKS_BEGIN = 0x4000_0000
_LOCKS = 512


def restore(
    path: Path,
    backup: Path,
    *,
    now: datetime,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Restored:
    """Put a backup in the place of a database, with the owner, group and mode of that database.

    Args:
        path: The database; it need not be there.
        backup: What to put there. It stays as it is.
        now: The present; the name of the old database tells it.
        progress: Told how many pages are copied, and how many there are.

    Raises:
        StorageUnavailable: The backup is damaged or cannot be read, a server runs, this user cannot
            give a file to the owner of the database, or a file cannot be written. The database is
            as it was.
        SchemaMismatch: The backup is newer than this program, or no database of lyftr.
    """
    real = Path(os.path.realpath(path))
    new = real.with_name(f"{real.name}{RESTORING}")
    why = partial(obstacle_to_writing, path)
    with as_storage_unavailable(f"cannot restore {path}", why):
        require_usable(path)
        wanted = ownership_of(real) if real.exists() else ownership_of_new(real)
        with open_copy(new, path, wanted) as descriptor:
            copy_database(backup, new, progress, _access_to(backup))
            _make_sound(new)
            os.fchmod(descriptor, wanted.mode)
            _sync(new)
            return _put_in_place(real, new, now)


def _access_to(backup: Path) -> ReadAccess:
    """Say how to open a backup: as what does not change, so that nothing is made beside it.

    A copy of the files of a database may have its log or journal beside it, though.
    """
    real = os.path.realpath(backup)
    if any(os.path.lexists(f"{real}{end}") for end in BESIDE):
        return read_access(backup)
    return ReadAccess(file_uri(backup, "ro&immutable=1"))


def _make_sound(new: Path) -> None:
    """Bring the copy to the schema of this version, and see that it is whole."""
    migrate(new)
    wrong = [found for found in check(new) if found.faults]
    if wrong and not any(found.subject in _SOURCES for found in wrong):
        rebuild(new)
        remove_beside(new, LOCKS)  # nobody else has a turn there
    if wrong:
        require_sound(new)


def _put_in_place(path: Path, new: Path, now: datetime) -> Restored:
    if not path.exists():
        left = [f"{path}{end}" for end in BESIDE if os.path.lexists(f"{path}{end}")]
        if left:
            raise StorageUnavailable(f"{left[0]} is left of another database; move it away first")
        new.replace(path)
        _sync(path.parent)
        return Restored(None)
    kept = path.with_name(f"{path.name}.before-{now:%Y%m%dT%H%M%S%fZ}")
    with _log_kept(path, kept) as log, _alone(path) as is_folded:
        if is_folded:
            log.unlink(missing_ok=True)
        os.link(path, kept)
        _sync(path.parent)
        if not is_folded:
            remove_beside(path)
        new.replace(path)
        _sync(path.parent)
    return Restored(kept)


@contextmanager
def _alone(path: Path) -> Iterator[bool]:
    """Keep everybody else out of a database, with its log in the file itself if that can be read.

    Yields:
        Whether the log is in the file.

    Raises:
        StorageUnavailable: Somebody has it open.
    """
    with closing(sqlite3.connect(file_uri(path, "rw"), uri=True, timeout=0)) as database:
        database.isolation_level = None
        try:
            # What waits for this lock finds a file that has moved, and writes nothing to it.
            database.execute("PRAGMA locking_mode=EXCLUSIVE")
            (mode,) = database.execute("PRAGMA journal_mode=DELETE").fetchone()
            database.execute("BEGIN EXCLUSIVE")
        except sqlite3.DatabaseError as exc:
            if is_busy(exc):
                raise _in_use(path) from exc
            mode = None
        if mode == "wal":
            raise _in_use(path)
        if mode == "delete":
            yield True
            return
    with _locked_as_sqlite_does(path):
        yield False


@contextmanager
def _locked_as_sqlite_does(path: Path) -> Iterator[None]:
    """Keep others out of a file that SQLite cannot read any more."""
    with path.open("r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, _LOCKS, _LOCKS_BEGIN)
        except OSError as exc:
            raise _in_use(path) from exc
        yield


@contextmanager
def _log_kept(path: Path, kept: Path) -> Iterator[Path]:
    """Give the log a second name: SQLite removes one that it cannot read, or not with its file."""
    log = Path(f"{kept}-wal")
    with suppress(FileNotFoundError):
        os.link(f"{path}-wal", log)
    try:
        yield log
    except BaseException:
        if not kept.exists():
            log.unlink(missing_ok=True)
        raise


def _in_use(path: Path) -> StorageUnavailable:
    return StorageUnavailable(f"{path} is in use: stop the server first")


def _sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
