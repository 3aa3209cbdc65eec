"""Whether the files on disk are still the ones that a connection writes to.

A connection goes on writing to files that were deleted or replaced, without any error, and another
process then shares neither its locks nor its log. Such a commit may be lost, so nothing is written
or acknowledged until the very files are back.
"""

import os
from pathlib import Path

from lyftr_core.errors import StorageUnavailable

__all__ = ["DatabaseReplaced", "FileIdentity"]

_Identity = tuple[int, int]


class DatabaseReplaced(StorageUnavailable):
    """The database, its write-ahead log or its shared memory was deleted or replaced."""

    def __init__(self) -> None:
        super().__init__("the database files were deleted or replaced; restart to use new ones")


class FileIdentity:
    """The database file, its write-ahead log and its shared memory, as they are now.

    Args:
        path: The database file, just opened in WAL mode.

    Raises:
        OSError: One of the files is not there.
    """

    def __init__(self, path: Path) -> None:
        # SQLite names the other two after the file that a symbolic link leads to.
        real = os.path.realpath(path)
        self._names = [os.fspath(path), f"{real}-wal", f"{real}-shm"]
        self._opened = [_identity(name) for name in self._names]

    @property
    def database(self) -> _Identity:
        """Device and inode of the database file itself."""
        return self._opened[0]

    def require_same(self) -> None:
        """Check that all three can still be found by their names.

        Raises:
            DatabaseReplaced: One of them cannot.
        """
        try:
            found = [_identity(name) for name in self._names]
        except OSError as exc:
            raise DatabaseReplaced from exc
        if found != self._opened:
            raise DatabaseReplaced


def _identity(name: str) -> _Identity:
    status = os.stat(name)  # noqa: PTH116 - on the hot path, and half as fast through Path
    return status.st_dev, status.st_ino
