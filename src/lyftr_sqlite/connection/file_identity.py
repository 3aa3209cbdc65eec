"""Whether the files on disk are still the ones that a connection writes to.

A connection goes on writing to files that were deleted or replaced, without any error, and another
process then shares neither its locks nor its log. Such a commit may be lost, so nothing is written
or acknowledged until the very files are back.
"""

import os
from pathlib import Path

from lyftr_core.errors import StorageUnavailable

__all__ = ["DatabaseReplaced", "FileIdentity", "OneFile"]

_Identity = tuple[int, int]


class DatabaseReplaced(StorageUnavailable):
    """The database, its write-ahead log or its shared memory was deleted or replaced."""

    def __init__(self) -> None:
        super().__init__("the database files were deleted or replaced; restart to use new ones")


class OneFile:
    """Keeps every connection to the database file that the first one opened.

    To merely open another file beside the old log would play that log into it, so this is checked
    before a connection is made, readers' connections too.

    Args:
        path: The database file.
    """

    def __init__(self, path: Path) -> None:
        self._name = os.fspath(path)
        self._identity: _Identity | None = None

    def remember(self) -> None:
        """Take the file that is there now for the one to keep to."""
        self._identity = _identity(self._name)

    def require_same(self) -> None:
        """Check the file, or remember it the first time.

        Raises:
            DatabaseReplaced: It is another one, or gone.
        """
        try:
            found = _identity(self._name)
        except OSError as exc:
            if self._identity is None:
                return  # SQLite itself says best what is wrong with a first connection
            raise DatabaseReplaced from exc
        self._identity = self._identity or found
        if found != self._identity:
            raise DatabaseReplaced


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

    def require_same_log(self) -> None:
        """Check, before another connection is made, that it will share the log of the former ones.

        The shared memory says what is in the log. To use either with another one of the other
        writes what nobody can read. Both are new only where the last connection took them along.

        Raises:
            DatabaseReplaced: One of the two is another one, or gone.
        """
        _database, log, memory = map(_is, self._names, self._opened)
        if log != memory:
            raise DatabaseReplaced


def _identity(name: str) -> _Identity:
    status = os.stat(name)  # noqa: PTH116 - on the hot path, and half as fast through Path
    return status.st_dev, status.st_ino


def _is(name: str, known: _Identity) -> bool:
    try:
        return _identity(name) == known
    except FileNotFoundError:
        return False
