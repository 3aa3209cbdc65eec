"""Takes the locks between processes, and says so where another process holds one for long.

Whoever may write the database can lock these files, and a process that stands still keeps its lock.
Nothing fails then, so without a line in the log nobody would know why the write-ahead log grows or
why old messages stay.
"""

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

from lyftr_sqlite.connection.lock_holders import name_holders
from lyftr_sqlite.connection.locks import COPYING, TURN, copying_lock, turn_lock

__all__ = ["LockWatch", "OnLockWait", "watch_copying", "watch_turn"]

LONG = 30.0
"""A lock that others hold for so many seconds is named in the log: lyftr itself holds none for more
than a few."""

OnLockWait = Callable[[str, float], None]
"""Told which lock is waited for, `copying` or `turn`, and for how many seconds already; 0 once the
wait is over."""

_log = logging.getLogger("lyftr_sqlite.lock_watch")


class _Lock(NamedTuple):
    name: str
    end: str
    take: Callable[[Path], AbstractContextManager[bool]]
    effect: str


_COPYING = _Lock("copying", COPYING, copying_lock, "the write-ahead log grows until it is free")
_TURN = _Lock("turn", TURN, turn_lock, "removal, import and rebuild wait until it is free")


class LockWatch:
    """One lock, and for how long this process has waited for it.

    Args:
        lock: Which.
        path: The database file.
        on_wait: Told of each attempt that failed, and of the end of the wait.
    """

    def __init__(self, lock: _Lock, path: Path, on_wait: OnLockWait) -> None:
        self._lock = lock
        self._path = path
        self._on_wait = on_wait
        self._waits_since: float | None = None
        self._is_told = False

    @contextmanager
    def take(self) -> Iterator[bool]:
        """Take the lock if it is free; do not wait for it.

        Yields:
            Whether the lock was taken.

        Raises:
            StorageUnavailable: The file of the lock cannot be opened.
        """
        with self._lock.take(self._path) as mine:
            if mine:
                self.end_wait()
            else:
                self._note_wait()
            yield mine

    def end_wait(self) -> None:
        """Take note that the lock was taken, or is not wanted any more."""
        if self._waits_since is None:
            return
        seconds = time.monotonic() - self._waits_since
        self._waits_since = None
        self._on_wait(self._lock.name, 0.0)
        if self._is_told:
            self._is_told = False
            _log.info("no longer waiting for %s, after %.0f s", self._file, seconds)

    @property
    def _file(self) -> str:
        return f"{os.path.realpath(self._path)}{self._lock.end}"

    def _note_wait(self) -> None:
        now = time.monotonic()
        if self._waits_since is None:
            self._waits_since = now
        seconds = now - self._waits_since
        self._on_wait(self._lock.name, seconds)
        if seconds >= LONG and not self._is_told:
            self._is_told = True
            holders = name_holders(self._file)
            _log.warning(
                "%s has been locked by another process%s for %.0f s: %s",
                *(self._file, holders, seconds, self._lock.effect),
            )


def watch_copying(path: Path, on_wait: OnLockWait = lambda _name, _seconds: None) -> LockWatch:
    """Watch the lock of who copies the write-ahead log; see `locks.copying_lock`."""
    return LockWatch(_COPYING, path, on_wait)


def watch_turn(path: Path, on_wait: OnLockWait = lambda _name, _seconds: None) -> LockWatch:
    """Watch the lock of who does a step of long work; see `locks.turn_lock`."""
    return LockWatch(_TURN, path, on_wait)
