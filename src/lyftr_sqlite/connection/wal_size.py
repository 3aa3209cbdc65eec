"""How large the write-ahead log is, and a line in the log of the program where it is very large."""

import logging
import os
from collections.abc import Callable
from pathlib import Path

from lyftr_sqlite.connection.lock_holders import name_holders

__all__ = ["WalSize"]

LARGE = 256 * 1024 * 1024
"""A log of so many bytes is twice as long as the checkpointer lets it become."""

# Where SQLite has the locks of readers in the shared memory
# (https://www.sqlite.org/walformat.html, "WAL Locks").
_READ_LOCKS = frozenset(map(str, range(123, 128)))

_log = logging.getLogger("lyftr_sqlite.log_size")


class WalSize:
    """Looks at the write-ahead log of one database.

    A process that reads from one moment for long (a backup, a shell of SQLite with an open
    transaction) keeps the log from being used again from its beginning: it grows with every commit.

    Args:
        path: The database file.
        on_size: Told its size in bytes at each look.
    """

    def __init__(self, path: Path, on_size: Callable[[int], None]) -> None:
        self._path = path
        self._on_size = on_size
        self._is_told = False

    def look(self) -> None:
        """Look once; log it when the log has become too large, and when it no longer is."""
        database = os.path.realpath(self._path)
        try:
            size = Path(f"{database}-wal").stat().st_size
        except OSError:
            return  # the writer reports a missing log
        self._on_size(size)
        is_large = size > LARGE
        if is_large and not self._is_told:
            readers = name_holders(f"{database}-shm", _READ_LOCKS)
            _log.warning(
                "%s-wal has grown to %d MiB: it shrinks when no process reads an earlier state of"
                " the database%s",
                *(database, size >> 20, readers),
            )
        elif self._is_told and not is_large:
            _log.info("%s-wal has %d MiB again", database, size >> 20)
        self._is_told = is_large
