"""Locks between processes, beside those of SQLite: each on an empty file beside the database.

Who may write the database may open these files, and nobody else: whoever can open a file can lock
it. So none is on the folder, which other users may read. None is on the database file either: to
close one of one's own lets go of SQLite's locks on it. The system lets go of each where the process
is killed.
"""

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lyftr_core.errors import StorageUnavailable
from lyftr_sqlite.connection.ownership import PRIVATE, Ownership, hand_over, ownership_of

if sys.platform != "win32":
    import fcntl

__all__ = ["COPYING", "TURN", "copying_lock", "try_lock", "turn_lock"]

COPYING, TURN = "-copy-lock", "-lock"
"""What the names of the files have after that of the database."""


_IRREGULAR = frozenset({errno.ELOOP, errno.ENXIO})
"""What the system says of a symbolic link that must not be followed, and of a socket."""


@contextmanager
def copying_lock(path: Path) -> Iterator[bool]:
    """Take the lock of who copies the write-ahead log, if nobody has it; do not wait for it.

    SQLite lets one copy at a time; but what a copy has found must stay so until the next one of
    the same process begins.

    Args:
        path: The database file. The lock is on the file `-copy-lock` beside it.

    Yields:
        Whether the lock was taken. Where the system has none it always is.

    Raises:
        StorageUnavailable: The file of the lock cannot be opened.
    """
    with _lock(path, COPYING) as alone:
        yield alone


@contextmanager
def turn_lock(path: Path) -> Iterator[bool]:
    """Take the lock of who does a step of long work, likewise.

    Args:
        path: The database file. The lock is on the file `-lock` beside it.

    Yields:
        Whether the lock was taken. Where the system has none it always is.

    Raises:
        StorageUnavailable: As above.
    """
    with _lock(path, TURN) as alone:
        yield alone


@contextmanager
def _lock(path: Path, end: str) -> Iterator[bool]:
    if sys.platform == "win32":
        yield True
        return
    database = os.path.realpath(path)
    descriptor = _open(f"{database}{end}", Path(database))
    try:
        yield try_lock(descriptor)
    finally:
        os.close(descriptor)


def _open(name: str, database: Path) -> int:
    """Open the file of a lock, or create it; see that those who may write the database can too."""
    try:
        descriptor = _open_or_create(name)
    except PermissionError as exc:
        raise _refused(name, database) from exc
    except OSError as exc:
        if exc.errno in _IRREGULAR:
            raise _irregular(name) from exc
        raise
    try:
        _share(descriptor, name, database)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _open_or_create(name: str) -> int:
    # To read is enough for the lock. A link leads root to whichever file its maker likes, and a
    # pipe would be waited for.
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    with suppress(FileNotFoundError):
        # Without O_CREAT first: it is refused in a shared folder if another user made the file.
        return os.open(name, flags)
    return os.open(name, flags | os.O_CREAT, PRIVATE)


def _share(descriptor: int, name: str, database: Path) -> None:
    """Give the file of a lock the ownership that suits the database, where this user can."""
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        raise _irregular(name)
    if found.st_nlink == 1 and os.geteuid() in {0, found.st_uid}:
        with suppress(FileNotFoundError, PermissionError):
            _hand_over(descriptor, ownership_of(database))


def _hand_over(descriptor: int, wanted: Ownership) -> None:
    if os.geteuid() != 0:
        wanted = wanted._replace(user=-1)
    hand_over(descriptor, wanted._replace(mode=_of_writers(wanted.mode)))


def _of_writers(mode: int) -> int:
    """Let only those open a lock that may write the database."""
    group = stat.S_IRGRP | stat.S_IWGRP if mode & stat.S_IWGRP else 0
    others = stat.S_IROTH | stat.S_IWOTH if mode & stat.S_IWOTH else 0
    return PRIVATE | group | others


def _irregular(name: str) -> StorageUnavailable:
    return StorageUnavailable(f"cannot open {name}: it is not a regular file; remove it")


def _refused(name: str, database: Path) -> StorageUnavailable:
    try:
        found = ownership_of(Path(name))
    except OSError:
        return StorageUnavailable(f"cannot create {name}: this user may not write its folder")
    return StorageUnavailable(
        f"cannot open {name}, which belongs to {found} (mode {found.mode:04o}): give it the owner"
        f" of {database}, or remove it while no lyftr runs"
    )


def try_lock(descriptor: int) -> bool:
    """Take a lock of flock(2) unless another process holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
