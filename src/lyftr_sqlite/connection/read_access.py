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
from lyftr_sqlite.connection.failures import as_storage_unavailable
from lyftr_sqlite.connection.obstacles import forbidden, may, obstacle_beside, obstacle_to_reading
from lyftr_sqlite.connection.url import BESIDE, BUSY_TIMEOUT, file_uri

__all__ = ["AtRest", "ReadAccess", "open_to_read", "read_access"]

_ALONE = "PRAGMA locking_mode=EXCLUSIVE"
"""With it the log is read without `-shm`."""


class _Identity(NamedTuple):
    device: int
    inode: int
    size: int
    modified: int
    changed: int


class AtRest:
    """A database that no process has open, read without locks, which could not be taken.

    A process that begins to write later makes the answers wrong, so they count only if the files
    are the same afterwards.

    Args:
        path: The database.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        real = os.path.realpath(path)
        self._names = [Path(f"{real}{end}") for end in ("", *BESIDE)]
        self._found = self._look()

    @property
    def sizes(self) -> dict[Path, int]:
        """The files that were found, the database first, and their sizes in bytes."""
        return {name: found.size for name, found in self._found.items()}

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

    def _look(self) -> dict[Path, _Identity]:
        looked_at = ((name, _identity(name)) for name in self._names)
        return {name: found for name, found in looked_at if found}


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

    Raises:
        StorageUnavailable: No way to open it is safe, or gives right answers.
        OSError: It cannot be looked at.
    """
    if why := obstacle_beside(path):
        raise StorageUnavailable(f"cannot read {path}: {why}")
    files = AtRest(path)  # before the choice: what another process changes meanwhile then shows
    sizes = files.sizes
    real = Path(os.path.realpath(path))
    log, memory, journal = (Path(f"{real}{end}") for end in BESIDE)
    if sizes.get(real) == 0 and log in sizes:
        # Beside an empty database SQLite deletes the log, unless it does not look for one.
        return ReadAccess(file_uri(path, "ro&immutable=1"), files)
    is_hot = bool(sizes.get(journal)) and _is_hot(journal)
    if _may_share(real, set(sizes) - (set() if is_hot else {journal})):
        return ReadAccess(file_uri(path, "rw"))
    if is_hot:
        raise StorageUnavailable(
            f"cannot read {path}: {journal} holds an unfinished transaction, which only a user who"
            f" may write {real} can roll back; run lyftr check as such a user first"
        )
    if {log, memory} <= sizes.keys():  # perhaps of a server: read its index, and lock there
        return ReadAccess(file_uri(path, "ro&readonly_shm=1"))
    if not sizes.get(log):
        return ReadAccess(file_uri(path, "ro&immutable=1"), files)
    if may(log, os.W_OK) and may(real.parent, os.W_OK):
        raise StorageUnavailable(
            f"cannot read {path}: SQLite might delete {log} when it closes, since"
            f" {forbidden(real, os.W_OK)}, or make {log} read-only too"
        )
    return ReadAccess(file_uri(path, "ro&vfs=unix-none"), files)


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


def _may_share(real: Path, found: set[Path]) -> bool:
    """Tell whether this user may write what there is of a database, and create what SQLite adds."""
    if not all(may(file, os.R_OK | os.W_OK) for file in found):
        return False
    is_complete = found == {real, Path(f"{real}-wal"), Path(f"{real}-shm")}
    return real not in found or is_complete or may(real.parent, os.W_OK)


def _is_hot(journal: Path) -> bool:
    """Tell whether SQLite would roll back (https://www.sqlite.org/lockingv3.html#hot_journals)."""
    try:
        with journal.open("rb") as file:
            return file.read(1) not in {b"", b"\0"}
    except OSError:
        return True  # it cannot be ruled out


def _identity(name: Path) -> _Identity | None:
    try:
        found = name.stat()
    except FileNotFoundError:
        return None
    return _Identity(
        found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
    )
