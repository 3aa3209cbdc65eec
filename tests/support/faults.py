"""Faults of disk, file and lock, as they come over a running server, and go again."""

import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path

__all__ = ["FAULTS", "Fault", "fill", "full_disk"]

_QUOTA = 2 * 1024 * 1024
"""Soon less than the write-ahead log under load, and more than what the server logs, in bytes."""
_BLOCK = bytes(4096)

Fault = Callable[[int, Path], AbstractContextManager[None]]
"""Takes the server's process and its database; the fault is there until the context is left."""


@contextmanager
def full_quota(process: int, database: Path) -> Iterator[None]:
    """A quota: no file of the process grows beyond a size."""
    before = resource.prlimit(process, resource.RLIMIT_FSIZE)
    with _someone_reading(database):
        resource.prlimit(process, resource.RLIMIT_FSIZE, (_QUOTA, before[1]))
        try:
            yield
        finally:
            resource.prlimit(process, resource.RLIMIT_FSIZE, before)


@contextmanager
def full_disk(_process: int, database: Path) -> Iterator[None]:
    """Somebody else fills the file system."""
    with _someone_reading(database):
        ballast = fill(database.parent)
        try:
            yield
        finally:
            ballast.unlink()


def fill(folder: Path) -> Path:
    """Fill the file system of a folder with one file, and return that."""
    ballast = folder / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(_BLOCK) == len(_BLOCK):
            pass
    return ballast


@contextmanager
def _someone_reading(database: Path) -> Iterator[None]:
    """A reader who stays keeps the write-ahead log from beginning anew, so that it grows."""
    with closing(sqlite3.connect(database, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM messages").fetchone()
        yield


@contextmanager
def locked(_process: int, database: Path) -> Iterator[None]:
    """Another process writes, and does not come to its end."""
    with closing(sqlite3.connect(database, timeout=60, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def _moved_away(*suffixes: str) -> Fault:
    @contextmanager
    def moved(_process: int, database: Path) -> Iterator[None]:
        aside = database.with_name("aside")
        aside.mkdir()
        names = [database.name + suffix for suffix in suffixes]
        for name in names:
            database.with_name(name).rename(aside / name)
        yield
        for name in names:
            (aside / name).replace(database.with_name(name))

    return moved


FAULTS: dict[str, Fault] = {
    "disk full by a quota": full_quota,
    "locked by another process": locked,
    "database file moved away": _moved_away(""),
    "write-ahead log moved away": _moved_away("-wal"),
    "shared memory moved away": _moved_away("-shm"),
    "all three files moved away": _moved_away("", "-wal", "-shm"),
}
"""Those that need no file system of their own."""
