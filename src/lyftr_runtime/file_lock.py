"""Locks on files, which the system releases whatever becomes of their holder (flock(2))."""

import fcntl
from typing import BinaryIO

__all__ = ["try_lock"]


def try_lock(file: BinaryIO | int, *, shared: bool = False) -> bool:
    """Lock an open file without waiting.

    Args:
        file: The file, or its descriptor. The lock ends when it is closed.
        shared: Whether others may take a shared lock too.

    Returns:
        Whether the lock was taken; `False` if another process holds one that excludes it.

    Raises:
        OSError: The file cannot be locked.
    """
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
