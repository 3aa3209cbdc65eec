"""What keeps this user from a database, in words. SQLite says only that it cannot open the file."""

import os
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from lyftr_sqlite.connection.ownership import ownership_of, user_name
from lyftr_sqlite.connection.url import BESIDE

__all__ = ["forbidden", "may", "obstacle_beside", "obstacle_to_reading", "obstacle_to_writing"]

_LITTLE = 1024 * 1024
"""A file system with less room, in bytes, is full where SQLite fails: it asks for more at once."""
_NAMES = {os.R_OK: ("read", "r"), os.W_OK: ("write", "w"), os.X_OK: ("enter", "x")}


def may(file: Path, mode: int) -> bool:
    """Tell whether this process may use a file.

    Args:
        file: A file or a folder.
        mode: `os.R_OK`, `os.W_OK` or `os.X_OK`, or several of them.
    """
    return os.access(file, mode, effective_ids=os.access in os.supports_effective_ids)


def obstacle_to_reading(path: Path) -> str | None:
    """Say why this user cannot read a database, and what to do; `None` if nothing is found.

    Args:
        path: The database.
    """
    return _first(_to_reading(path, Path(os.path.realpath(path))))


def obstacle_beside(path: Path) -> str | None:
    """Say what has the name of a file that SQLite keeps beside a database, and is no regular file.

    SQLite has words for none of them, and waits for ever to open a pipe.

    Args:
        path: The database.
    """
    return _first(_irregular_beside(Path(os.path.realpath(path))))


def obstacle_to_writing(path: Path) -> str | None:
    """Say the same of writing it, or of creating it where there is none.

    Args:
        path: The database.
    """
    return _first(_to_writing(path, Path(os.path.realpath(path))))


def _first(obstacles: Iterator[str]) -> str | None:
    try:
        return next(obstacles, None)
    except OSError:  # the error that was raised already says as much
        return None


def _to_reading(path: Path, real: Path) -> Iterator[str]:
    yield from _in_the_way(path, real)
    if not os.path.lexists(real):
        yield f"{_led_to(path, real)}there is no such file"
        return
    for file in (real, *_beside(real)):
        if not may(file, os.R_OK):
            yield forbidden(file, os.R_OK)
    yield from _full(real.parent)


def _to_writing(path: Path, real: Path) -> Iterator[str]:
    yield from _in_the_way(path, real)
    if sys.platform != "win32" and os.statvfs(real.parent).f_flag & os.ST_RDONLY:
        yield "its file system is mounted read-only; choose another folder"
    if os.path.lexists(real):
        for file in (real, *_beside(real)):
            if not may(file, os.R_OK | os.W_OK):
                yield f"it is readonly: {forbidden(file, os.W_OK)}"
    if not may(real.parent, os.W_OK):
        yield f"SQLite needs files beside it: {forbidden(real.parent, os.W_OK)}"
    yield from _full(real.parent)


def _in_the_way(path: Path, real: Path) -> Iterator[str]:
    """Look at the folders on the way to the file, and at what kind of file it is."""
    for folder in reversed(real.parents):
        if not os.path.lexists(folder):
            yield f"{_led_to(path, real)}the folder {real.parent} does not exist; create it first"
        elif not folder.is_dir():
            yield f"the folder {real.parent} does not exist: {folder} is a file"
        elif not may(folder, os.X_OK):
            yield forbidden(folder, os.X_OK)
    if real.is_dir():
        yield f"it is a folder, not a regular file; name a file in it, as in {path}/lyftr.db"
    elif os.path.lexists(real) and not stat.S_ISREG(real.stat().st_mode):
        yield "it is not a regular file; choose another name"
    yield from _irregular_beside(real)


def _full(folder: Path) -> Iterator[str]:
    free = shutil.disk_usage(folder).free
    if free < _LITTLE:
        yield f"the file system of {folder} is full ({free} bytes are free); make room there"
    elif sys.platform != "win32":
        found = os.statvfs(folder)
        if found.f_files and not found.f_favail:
            yield f"the file system of {folder} can take no more files; delete some there"


def _irregular_beside(real: Path) -> Iterator[str]:
    for file in _beside(real):
        if file.is_dir():
            yield f"{file} is a folder, not a regular file; move it away"
        elif not stat.S_ISREG(file.stat().st_mode):
            yield f"{file} is not a regular file; move it away"


def _led_to(path: Path, real: Path) -> str:
    return f"it is a link to {real}, and " if path.is_symlink() else ""


def _beside(real: Path) -> Iterator[Path]:
    for end in BESIDE:
        companion = Path(f"{real}{end}")
        if companion.exists():
            yield companion


def forbidden(file: Path, mode: int) -> str:
    """Say what this user may not do with a file, and what to do."""
    doing, letter = _NAMES[mode]
    owner, me = ownership_of(file), os.geteuid()
    to_do = (
        f"run: chmod u+{letter} {file}"
        if owner.user == me
        else (f"run lyftr as {user_name(owner.user)}, or give this user permission")
    )
    return f"user {user_name(me)} may not {doing} {file} ({owner}, mode {owner.mode:04o}); {to_do}"
