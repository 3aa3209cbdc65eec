"""How a reader opens a database: as a writer would, or without a file that this user may not write.

A reader of the write-ahead log writes too: it needs `-shm`, for its lock and to find pages in the
log (https://www.sqlite.org/wal.html, "Read-Only Databases"). A user who may not write the database
must not create that file either: it would belong to them, and the server could not use it.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import NamedTuple

from lyftr_core.errors import StorageUnavailable
from lyftr_sqlite.failures import as_storage_unavailable
from lyftr_sqlite.obstacles import may, obstacle_to_reading
from lyftr_sqlite.opening import BUSY_TIMEOUT, file_uri

__all__ = ["AtRest", "ReadAccess", "open_to_read", "read_access"]

_ALONE = "PRAGMA locking_mode=EXCLUSIVE"
"""With it the log is read without `-shm`."""


class AtRest:
    """A database that no process has open, read without locks, which could not be taken.

    A process that begins to write later makes the answers wrong, so they count only if the files
    are the same afterwards.

    Args:
        path: The database.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found = self._look()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Read within; an error that the reader meets may be the fault of the writer as well.

        Raises:
            StorageUnavailable: Another process has opened or written the database.
        """
        try:
            yield
        except Exception:
            self.require_same()
            raise
        self.require_same()

    def require_same(self) -> None:
        """Check that no other process has opened or written the database since.

        Raises:
            StorageUnavailable: Another process has.
        """
        if self._look() != self._found:
            raise StorageUnavailable(
                f"cannot read {self._path}: another process wrote to it in the meantime;"
                " retrying is safe"
            )

    def _look(self) -> list[tuple[int, ...] | None]:
        return [_identity(f"{os.path.realpath(self._path)}{end}") for end in ("", "-wal", "-shm")]


class ReadAccess(NamedTuple):
    """How to open a database.

    Attributes:
        uri: Its name for SQLite (https://www.sqlite.org/uri.html).
        at_rest: Set where no lock is taken.
    """

    uri: str
    at_rest: AtRest | None = None

    @property
    def pragmas(self) -> tuple[str, ...]:
        """What to execute on a new connection, before anything else."""
        return (_ALONE,) if self.at_rest else ()


def read_access(path: Path) -> ReadAccess:
    """Choose how to open a database for reading alone.

    Args:
        path: The file; SQLite says best what is wrong if it is missing.
    """
    real = Path(os.path.realpath(path))
    log, memory = Path(f"{real}-wal"), Path(f"{real}-shm")
    has_log, has_memory = os.path.lexists(log), os.path.lexists(memory)
    if _may_share(real, log, memory):
        return ReadAccess(file_uri(path, "rw"))
    if has_log and has_memory:  # perhaps of a server: read its index of the log, and lock there
        return ReadAccess(file_uri(path, "ro&readonly_shm=1"))
    at_rest = AtRest(path)
    if has_log and log.stat().st_size:
        return ReadAccess(file_uri(path, "ro&vfs=unix-none"), at_rest)
    return ReadAccess(file_uri(path, "ro&immutable=1"), at_rest)


@contextmanager
def open_to_read(
    path: Path, doing: str = "read", access: ReadAccess | None = None
) -> Iterator[sqlite3.Connection]:
    """Open a database for reading alone, with no transaction begun.

    Args:
        path: The file.
        doing: What for, in a word.
        access: How to open it; by default as `read_access` says.

    Raises:
        StorageUnavailable: It is missing or cannot be read, or another process wrote it, and what
            was read may be wrong.
    """
    why = partial(obstacle_to_reading, path)
    with as_storage_unavailable(f"cannot {doing} {path}", why):
        if not path.is_file():
            raise FileNotFoundError
        chosen = access or read_access(path)
        timeout = BUSY_TIMEOUT / 1000
        opened = sqlite3.connect(chosen.uri, uri=True, timeout=timeout, isolation_level=None)
        kept = chosen.at_rest.kept() if chosen.at_rest else nullcontext()
        with closing(opened) as database, kept:
            for pragma in chosen.pragmas:
                database.execute(pragma)
            yield database


def _may_share(real: Path, *companions: Path) -> bool:
    """Tell whether this user may write the database, and use or create what is beside it."""
    found = [file for file in companions if os.path.lexists(file)]
    if not all(may(file, os.R_OK | os.W_OK) for file in (real, *found)):
        return not os.path.lexists(real)
    return len(found) == len(companions) or may(real.parent, os.W_OK)


def _identity(name: str) -> tuple[int, ...] | None:
    try:
        found = os.stat(name)  # noqa: PTH116 - the name is put together, and no path
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
