"""Whether a database on disk is still the one that a connection writes to.

A connection goes on writing to a file that was deleted or replaced, without any error. Such a
commit is lost, so nothing may be acknowledged for it.
"""

from pathlib import Path

from lyftr_core.errors import StorageUnavailable

__all__ = ["FileIdentity"]

_Identity = tuple[int, int]


class FileIdentity:
    """The database file and its write-ahead log, as they were when a connection was opened.

    Args:
        path: The database file, open for writing.

    Raises:
        OSError: The file is not there.
    """

    def __init__(self, path: Path) -> None:
        self._database = path
        self._log = Path(f"{path}-wal")
        self._opened = _identity(path)
        self._logged: _Identity | None = None

    def require_same(self) -> None:
        """Check, after a commit, that its files can still be found by their names.

        Raises:
            StorageUnavailable: One of them was deleted or replaced.
            OSError: As above.
        """
        # SQLite makes the log at the first write and keeps it until the connection closes.
        log = _identity(self._log)
        self._logged = self._logged or log
        if (_identity(self._database), log) != (self._opened, self._logged):
            raise StorageUnavailable("the database file was replaced")


def _identity(path: Path) -> _Identity:
    status = path.stat()
    return status.st_dev, status.st_ino
