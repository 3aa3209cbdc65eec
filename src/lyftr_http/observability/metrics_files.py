"""The files in which the processes of one server keep their metrics: read, shared and merged.

A process that reads or changes the files of all holds a lock, so that no process counts the values
of a dead worker twice, or misses them.
"""

import os
import struct
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import structlog
from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from lyftr_http.observability.metrics_folder import LOCK
from lyftr_runtime.file_lock import try_lock

__all__ = ["DeadWorkers", "FilesOfAll", "render_once", "reserve_files"]

_INTERVAL = 0.25
"""From the start of a rendering to the start of the next in whichever process, in seconds."""
_PATIENCE = 5.0
"""How long the lock is waited for, in seconds. A process that is stopped may hold it for ever."""
_LOOK = 0.005
"""From one look whether the lock is free to the next, in seconds."""
_SUMMED: Final = ("counter", "histogram")
"""The kinds of files whose values outlive their process."""
_RESERVED: Final = {"counter": 256 * 1024, "histogram": 512 * 1024}
"""How large the files of a process are from the start, in bytes: enough for every label."""
_OF_ENTRY = 32
"""At most how many bytes an entry takes beside its key."""
_HEAD = 8
"""How many bytes come before the entries."""


def reserve_files(directory: str) -> None:
    """Make the files of this process as large as they may have to be.

    The library needs another descriptor where one has to grow, and is at odds with the file for
    ever after if there is none left.

    Args:
        directory: Where. No metric of this process was made yet.
    """
    for kind, size in _RESERVED.items():
        with suppress(OSError), Path(directory, f"{kind}_{os.getpid()}.db").open("xb") as file:
            file.write(bytes(size))


class FilesOfAll(MultiProcessCollector):
    """The sums over the files of all processes."""

    def __init__(self, directory: str) -> None:
        super().__init__(None, directory)  # type: ignore[no-untyped-call] # it has no annotations
        self._directory = directory

    def collect(self) -> Iterable[Metric]:
        """Read the files; the lock is held."""
        # The library's own way gives no metrics at all where the folder cannot be listed.
        with os.scandir(self._directory) as entries:
            # A file is empty where its process was killed right after it had made it.
            files = [e.path for e in entries if e.name.endswith(".db") and e.stat().st_size]
        merged: Iterable[Metric] = self.merge(sorted(files))  # type: ignore[no-untyped-call] # as above
        return merged


def render_once(directory: str, render: Callable[[], bytes]) -> bytes:
    """Return what was rendered after this call, by this process or by another.

    One process renders at a time, and at most four times a second all of them together. Runs in a
    thread: it may wait.

    Args:
        directory: That of the files.
        render: Reads the files of all.

    Raises:
        OSError: The files cannot be read, or another process holds the lock for too long.
    """
    asked = time.monotonic()  # the same clock in all processes
    deadline = asked + _PATIENCE
    while True:
        with _locked(directory, deadline):
            started, text = _last(directory)
            if started > asked:
                return text
            now = time.monotonic()
            wait = min(started + _INTERVAL - now, _INTERVAL)
            if wait <= 0:
                text = render()
                _keep(directory, now, text)
                return text
        time.sleep(wait)


class DeadWorkers:
    """Merges the files of dead workers, so that no rendering reads them one by one.

    Args:
        directory: That of the files.
        log: Told what could not be merged.
    """

    def __init__(self, directory: str, log: structlog.typing.FilteringBoundLogger) -> None:
        self._directory = Path(directory)
        self._log = log
        self._left: list[tuple[int, bool]] = []

    def bury(self, pid: int, *, was_ready: bool) -> None:
        """Keep what a worker has counted, but not what it said of its present.

        Files that cannot be merged now are read one by one until the next worker dies.

        Args:
            pid: The process identifier.
            was_ready: Whether it has ever answered requests; else nothing is kept.
        """
        self._left.append((pid, was_ready))
        try:
            with _locked(str(self._directory), time.monotonic() + _PATIENCE / 5):
                while self._left:
                    self._tidy(*self._left[0])
                    self._left.pop(0)
        except OSError as exc:
            self._log.warning("metrics of dead workers are not merged", error=str(exc))

    def _tidy(self, pid: int, was_ready: bool) -> None:  # noqa: FBT001 - of a pair
        mark_process_dead(pid, str(self._directory))  # type: ignore[no-untyped-call] # it has no annotations
        for kind in _SUMMED:
            own = self._directory / f"{kind}_{pid}.db"
            if was_ready and own.exists():
                self._add(own, self._directory / f"{kind}_dead.db")
            # A server that is killed between the two may count twice, until its workers end too.
            own.unlink(missing_ok=True)

    def _add(self, own: Path, dead: Path) -> None:
        """Add the values in one file to those of all dead workers, all of them or none."""
        try:
            values = _sums(file for file in (dead, own) if file.exists())
        except (RuntimeError, ValueError, struct.error) as exc:
            self._log.error("metrics of a dead worker are lost", file=own.name, error=str(exc))
            return
        new = dead.with_suffix(".new")
        # With its room taken before: a full disk would kill a process that writes to mapped memory.
        new.write_bytes(bytes(_HEAD + sum(len(key.encode()) + _OF_ENTRY for key in values)))
        written = MmapedDict(new)  # type: ignore[no-untyped-call] # it has no annotations
        for key, value in values.items():
            written.write_value(key, value, 0.0)  # type: ignore[no-untyped-call] # as above
        written.close()  # type: ignore[no-untyped-call] # as above
        new.replace(dead)


def _sums(files: Iterable[Path]) -> dict[str, float]:
    """Return the sum of the values of each key. Buckets of histograms do not hold smaller ones."""
    values: defaultdict[str, float] = defaultdict(float)
    for file in files:
        if file.stat().st_size:
            for key, value, *_ in MmapedDict.read_all_values_from_file(file):  # type: ignore[no-untyped-call] # it has no annotations
                values[key] += value
    return values


@contextmanager
def _locked(directory: str, deadline: float) -> Iterator[None]:
    with Path(directory, LOCK).open("ab") as file:
        while not try_lock(file):
            if time.monotonic() > deadline:
                raise TimeoutError("another process holds the lock of the metrics")
            time.sleep(_LOOK)
        yield


def _last(directory: str) -> tuple[float, bytes]:
    """Return when the last rendering started, by the monotonic clock, and what it gave."""
    try:
        started, _, text = Path(directory, "rendered").read_bytes().partition(b"\n")
    except FileNotFoundError:
        return 0.0, b""
    return float(started), text


def _keep(directory: str, started: float, text: bytes) -> None:
    """Keep a rendering for other processes, whole or not at all; where that fails they render."""
    new = Path(directory, "rendered.new")
    with suppress(OSError):
        new.write_bytes(b"%r\n%b" % (started, text))
        new.replace(Path(directory, "rendered"))
