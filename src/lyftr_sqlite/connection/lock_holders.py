"""Which other processes hold locks on a file, where the system tells: on Linux."""

import os
from collections.abc import Container
from contextlib import suppress
from pathlib import Path

__all__ = ["name_holders"]

_LOCKS = Path("/proc/locks")
_FIELDS = 8
"""Number, kind, `ADVISORY`, mode, process, file, first byte, last byte (proc(5), "/proc/locks").
A process that waits has `->` as one more."""

_WHOLE = frozenset({"0"})
"""Where a lock on a whole file begins."""


def name_holders(name: str, first_bytes: Container[str] = _WHOLE) -> str:
    """Return ` (pid 12, 34)`, or nothing where no other process is known to hold a lock.

    Args:
        name: The file.
        first_bytes: Only locks that begin at one of these bytes count.
    """
    with suppress(OSError):
        held = os.stat(name)  # noqa: PTH116 - a string, as the names of locks are
        file = f"{os.major(held.st_dev):02x}:{os.minor(held.st_dev):02x}:{held.st_ino}"
        locks = [line.split() for line in _LOCKS.read_text().splitlines()]
        found = {
            int(lock[4])
            for lock in locks
            if len(lock) == _FIELDS and lock[5] == file and lock[6] in first_bytes
        }
        # A process outside of this container has no number here, or 0.
        others = sorted(pid for pid in found if pid > 0 and pid != os.getpid())
        if others:
            return f" (pid {', '.join(map(str, others))})"
    return ""
