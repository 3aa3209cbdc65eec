"""Files that are there only when they are whole, and that nobody else reads.

Until then their content is beside them, in a file whose name ends in `.part`.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from lyftr_http.cli.output_files import explained, require_target
from lyftr_http.databases.database import Database

__all__ = ["part_file", "part_of"]

_END = ".part"


def part_of(target: Path) -> Path:
    """Return where the content of a file is until it is whole."""
    return target.with_name(target.name + _END)


@contextmanager
def part_file(
    target: Path, database: Database, *, force: bool = False, resume: bool = False
) -> Iterator[BinaryIO]:
    """Open the file beside the target; on leaving without an error make it the target.

    What the target holds then is on the disk, and survives a loss of power. After an error the
    file beside it stays.

    Args:
        target: What is to be written. Symbolic links are refused.
        database: The database of the command; its files are never written.
        force: Whether a regular file may be there already; it is then replaced at the very end.
        resume: Whether to keep what the file beside it holds, of an earlier run.

    Raises:
        click.ClickException: The target may not be written, or another process writes it.
        StorageError: The target is a file of a database.
        OSError: It cannot be written.
    """
    require_target(target, database, force=force)
    _require_names(target, database)
    part = part_of(target)
    # Not `x`: what a killed run has left is written over, or gone on with.
    with explained(part):
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "r+b") as stream:
        _lock(descriptor, part)
        os.fchmod(descriptor, 0o600)
        if not resume:
            stream.truncate(0)
        yield stream
        stream.flush()
        os.fsync(descriptor)
        require_target(target, database, force=force)
        part.replace(target)
        _sync_folder(target)


def _require_names(target: Path, database: Database) -> None:
    """See that neither name is kept for something else."""
    if target.name.endswith(_END):
        raise click.ClickException(
            f"{target}: names that end in {_END} are kept for unfinished files; choose another"
        )
    if database.owns(part_of(target)):
        raise click.ClickException(f"{part_of(target)} is the database; choose another name")


def _lock(descriptor: int, part: Path) -> None:
    """Keep others from writing the same file; the system lets go of it whatever happens."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise click.ClickException(f"{part} is being written by another process") from None


def _sync_folder(file: Path) -> None:
    """Make the name of a file survive a loss of power."""
    folder = os.open(file.absolute().parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
