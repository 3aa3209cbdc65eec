"""One process at a time copies the write-ahead log of a database.

SQLite lets one copy at a time; but what a copy has found must stay so until the next one of the
same process begins.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform != "win32":
    import fcntl

__all__ = ["copying_lock"]


@contextmanager
def copying_lock(path: Path) -> Iterator[bool]:
    """Take the lock while the context is entered, if nobody has it; do not wait for it.

    It is on the folder: to close a database file of one's own lets go of SQLite's locks on it. The
    system lets go of it where the process is killed.

    Args:
        path: The database file.

    Yields:
        Whether the lock was taken. Where the system has none it always is.
    """
    if sys.platform == "win32":
        yield True
        return
    folder = os.path.dirname(os.path.realpath(path))  # noqa: PTH120 - a string already
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield _lock(descriptor)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
