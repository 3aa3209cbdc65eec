"""The folder in the temporary directory where the processes of one server keep their metrics.

Each process holds a lock on it as long as it lives, by which others see that it is in use.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EAGAIN
from pathlib import Path
from typing import Final

from lyftr_runtime.file_lock import try_lock

__all__ = ["LOCK", "hold_folder", "metrics_folder", "remove_unused_folders"]

LOCK: Final = "lock"
"""The name of the file that is locked while a process reads or changes the files of all."""
_PREFIX: Final = "lyftr-metrics-"
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_OF_PROCESS: Final = re.compile(r"_(\d+)\.db")
"""What the name of a file ends with that a process keeps its values in."""


@contextmanager
def metrics_folder() -> Iterator[str]:
    """Make a folder and hold it; at the end, remove it.

    Raises:
        OSError: The temporary directory takes no folder, or knows no locks.
    """
    directory, held = _make_and_hold()
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        os.close(held)


def hold_folder(directory: str) -> int:
    """Keep other servers from removing a folder until this process ends.

    Returns:
        A descriptor of the folder. The lock ends when it is closed.

    Raises:
        OSError: The folder is gone, is about to be removed, or cannot be locked.
    """
    held = os.open(directory, _FOLDER)
    try:
        if not try_lock(held, shared=True):
            raise BlockingIOError(EAGAIN, "another server is about to remove it", directory)
        os.stat(directory)  # noqa: PTH116 - a string already
    except OSError:
        os.close(held)
        raise
    return held


def remove_unused_folders() -> None:
    """Remove what servers of the same user have left that were killed.

    What cannot be removed, or is perhaps in use, stays.
    """
    with suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        for name in [entry.path for entry in entries if entry.name.startswith(_PREFIX)]:
            with suppress(OSError):
                _remove_unused(name)


def _make_and_hold() -> tuple[str, int]:
    while True:
        directory = tempfile.mkdtemp(prefix=_PREFIX)
        try:
            held = hold_folder(directory)
        except (BlockingIOError, FileNotFoundError):
            continue  # a server that starts at the same time took it for one that is not used
        Path(directory, LOCK).touch()
        return directory, held


def _remove_unused(directory: str) -> None:
    held = os.open(directory, _FOLDER | os.O_NOFOLLOW)
    try:
        if os.fstat(held).st_uid != os.geteuid():
            return
        if try_lock(held) and not _is_used_without_lock(directory):
            shutil.rmtree(directory)
    finally:
        os.close(held)


def _is_used_without_lock(directory: str) -> bool:
    """Tell whether a process lives that has a file in it; an early lyftr locked no folders."""
    if Path(directory, LOCK).exists():
        return False
    found = (_OF_PROCESS.search(file.name) for file in Path(directory).iterdir())
    return any(_lives(int(match[1])) for match in found if match)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it is another user's, which took the number
    return True
