"""The processes of a server, as Linux tells of them."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["children_of", "frozen", "serving_processes"]

_HANGS = 60.0


def serving_processes(parent: int, database: Path) -> set[int]:
    """Return the descendants of a process that have a database open: its workers that serve."""
    found = set()
    for child in children_of(parent):
        if _has_open(child, database):
            found.add(child)
        found |= serving_processes(child, database)
    return found


def children_of(process: int) -> set[int]:
    """Return the processes that a process has started and that have not ended."""
    children: set[int] = set()
    try:
        for task in Path(f"/proc/{process}/task").iterdir():
            children.update(map(int, (task / "children").read_text().split()))
    except (FileNotFoundError, ProcessLookupError):
        pass  # it ends just now
    return children


def _has_open(process: int, file: Path) -> bool:
    try:
        return any(entry.readlink() == file for entry in Path(f"/proc/{process}/fd").iterdir())
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False  # it ends just now


@contextmanager
def frozen(process: int) -> Iterator[None]:
    """Every thread of a process stands still: what is on disk is what a crash would leave."""
    os.kill(process, signal.SIGSTOP)
    try:
        deadline = time.monotonic() + _HANGS
        while not all(_is_stopped(task) for task in Path(f"/proc/{process}/task").iterdir()):
            assert time.monotonic() < deadline
            time.sleep(0.0001)
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def _is_stopped(task: Path) -> bool:
    # The name of the command, in parentheses, may hold anything. What has ended stands still too.
    return (task / "stat").read_text().rpartition(")")[2].split()[0] in {"T", "Z"}
