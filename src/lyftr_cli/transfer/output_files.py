"""The files that commands write: how they are named, and which are refused."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from lyftr_core.database import Database

__all__ = [
    "OUTPUT_FILE",
    "create_file",
    "explained",
    "file_only",
    "file_or_stdout",
    "require_regular",
    "require_target",
]

OUTPUT_FILE = click.Path(readable=False)
"""The type of an option; one of the two callbacks below makes a `Path` of it."""
_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_WHAT_TO_DO = {
    errno.EEXIST: "choose another name",
    errno.ENOENT: "create its folder first",
    errno.ENAMETOOLONG: "choose a shorter name",
}


def file_or_stdout(
    _context: click.Context, _parameter: click.Parameter, name: str | None
) -> Path | None:
    """Return the file that an option names, `None` for `-` or nothing: standard output."""
    return None if name == "-" else _path(name)


def file_only(
    _context: click.Context, _parameter: click.Parameter, name: str | None
) -> Path | None:
    """Return the file that an option names; refuse standard output."""
    if name == "-":
        raise click.BadParameter(
            "standard output is not supported here; for a file of that name pass ./-"
        )
    return _path(name)


def require_target(target: Path, database: Database, *, force: bool) -> None:
    """See that a file may be written.

    Symbolic links are refused: a rename would replace the link, and `/dev/stdout` is one.

    Args:
        target: The file.
        database: The database of the command; its files are refused.
        force: Whether to accept a regular file that exists.

    Raises:
        click.ClickException: The file exists, or is of a kind that is never replaced.
        StorageError: It is a file of a database.
    """
    database.require_free(target)
    with explained(target):
        try:
            status = target.lstat()
        except FileNotFoundError:
            return
    require_regular(target, status)
    if not force:
        raise click.ClickException(f"{target} is there already; pass --force to replace it")


def require_regular(file: Path, status: os.stat_result) -> None:
    """See that a file is a regular one.

    Args:
        file: Its name.
        status: What `os.lstat` says of it.

    Raises:
        click.ClickException: It is another kind of file.
    """
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "a special file")
        raise click.ClickException(f"{file} is {kind}, not a regular file; choose another name")


def create_file(path: Path, database: Database | None) -> BinaryIO:
    """Create a file for its owner alone; never open one that exists.

    Args:
        path: The file.
        database: The database of the command, if it has one; its files are refused.

    Raises:
        click.ClickException: The file exists, or cannot be created.
        StorageError: It is a file of a database.
    """
    if database is not None:
        database.require_free(path)
    with explained(path):
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        return os.fdopen(os.open(path, flags, 0o600), "wb")


@contextmanager
def explained(file: Path) -> Iterator[None]:
    """Say which file could not be opened, and what to do.

    Raises:
        click.ClickException: An `OSError` was raised within.
    """
    try:
        yield
    except OSError as exc:
        to_do = _WHAT_TO_DO.get(exc.errno or 0, "choose another folder")
        raise click.ClickException(f"cannot write {file}: {exc.strerror}; {to_do}") from None


def _path(name: str | None) -> Path | None:
    if name == "":
        raise click.BadParameter("the name of a file must not be empty")
    return None if name is None else Path(name)
