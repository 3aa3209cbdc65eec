"""Locks between processes, beside those of SQLite: on the folder of a database, and on a file.

None is on the database file: to close one of one's own lets go of SQLite's locks on it. The system
lets go of each where the process is killed.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform != "win32":
    import fcntl

__all__ = ["copying_lock", "turn_lock"]


@contextmanager
def copying_lock(path: Path) -> Iterator[bool]:
    """Take the lock of who copies the write-ahead log, if nobody has it; do not wait for it.

    SQLite lets one copy at a time; but what a copy has found must stay so until the next one of
    the same process begins.

    Args:
        path: The database file.

    Yields:
        Whether the lock was taken. Where the system has none it always is.
    """
    folder = os.path.dirname(os.path.realpath(path))  # noqa: PTH120 - a string already
    with _lock(folder, os.O_RDONLY) as alone:
        yield alone


@contextmanager
def turn_lock(path: Path) -> Iterator[bool]:
    """Take the lock of who does a step of long work, likewise.

    Args:
        path: The database file. The lock is on the empty file `-lock` beside it.

    Yields:
        Whether the lock was taken. Where the system has none it always is.
    """
    with _lock(f"{os.path.realpath(path)}-lock", os.O_RDONLY | os.O_CREAT) as alone:
        yield alone


@contextmanager
def _lock(name: str, flags: int) -> Iterator[bool]:
    if sys.platform == "win32":
        yield True
        return
    # To read is enough for the lock; so another user may have made the file.
    descriptor = os.open(name, flags | os.O_CLOEXEC, 0o644)
    try:
        yield _try(descriptor)
    finally:
        os.close(descriptor)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
