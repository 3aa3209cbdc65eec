"""Files that are there only when they are whole, and that nobody else reads.

Until then their content is beside them, in a file whose name ends in `.part`. In a folder that
others may write to, as `/tmp`, another user may have made that file, so it is used only if it is
certainly ours.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from lyftr_cli.output.output import say
from lyftr_cli.transfer.output_files import explained, require_regular, require_target
from lyftr_core.database import Database
from lyftr_runtime.file_lock import try_lock

__all__ = ["part_file", "part_of"]

_END = ".part"
_NOT_OTHERS = stat.S_IRWXU | stat.S_IRWXG
_FLAGS = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW


def part_of(target: Path) -> Path:
    """Return where the content of a file is until it is whole."""
    return target.with_name(target.name + _END)


@contextmanager
def part_file(
    target: Path, database: Database, *, force: bool = False, resume: bool = False
) -> Iterator[BinaryIO]:
    """Open the file beside the target; on leaving without an error make it the target.

    What the target holds then is on the disk, and survives a loss of power. After an error the
    file beside it stays. A new target is for its owner alone. One that replaces a file of this
    user keeps its group and mode, but other users get no access. Root keeps the owner too, if the
    folder is theirs. A file of any other user is replaced by one that only this user can read.

    Args:
        target: What is to be written. Symbolic links are refused.
        database: The database of the command; its files are never written.
        force: Whether a regular file may be there already; it is then replaced at the very end.
        resume: Whether to keep what the file beside it holds, of an earlier run.

    Raises:
        click.ClickException: The target or the file beside it may not be written, or another
            process writes it.
        StorageError: The target is a file of a database.
        OSError: It cannot be written.
    """
    require_target(target, database, force=force)
    _require_names(target, database)
    part = part_of(target)
    with os.fdopen(_open(part, resume=resume), "r+b") as stream:
        yield stream
        stream.flush()
        os.fsync(stream.fileno())
        require_target(target, database, force=force)
        _require_same(part, stream.fileno())
        _keep_access(target, stream.fileno())
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


def _open(part: Path, *, resume: bool) -> int:
    """Open the part file, locked: a new one, or to resume, the one that is there."""
    left = _open_left(part)
    if left is None:
        return _create(part)
    if resume:
        with _closed_on_error(left):
            _require_private(part, left)
        return left
    try:
        part.unlink()  # a new file is one that nobody else has open
        return _create(part)
    finally:
        os.close(left)


def _open_left(part: Path) -> int | None:
    """Open and lock what an earlier run left; return `None` if there is nothing."""
    with explained(part):
        try:
            _require_ours(part, part.lstat())
            descriptor = os.open(part, _FLAGS)
        except FileNotFoundError:
            return None
    with _closed_on_error(descriptor):
        _require_ours(part, os.fstat(descriptor))
        _lock(part, descriptor)
    return descriptor


def _create(part: Path) -> int:
    with explained(part):
        descriptor = os.open(part, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
    with _closed_on_error(descriptor):
        _lock(part, descriptor)
    return descriptor


@contextmanager
def _closed_on_error(descriptor: int) -> Iterator[None]:
    try:
        yield
    except BaseException:
        os.close(descriptor)
        raise


def _require_ours(part: Path, status: os.stat_result) -> None:
    """See that a file of an earlier run is one that this user made."""
    require_regular(part, status)
    if status.st_uid != os.geteuid():
        raise click.ClickException(
            f"{part} belongs to another user; delete it, or choose another name"
        )
    if status.st_nlink != 1:
        raise click.ClickException(
            f"{part} has another name too (a hard link); delete it, or choose another name"
        )


def _require_private(part: Path, descriptor: int) -> None:
    """See that nobody else could write what is to be kept, and let nobody else read it."""
    if os.fstat(descriptor).st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise click.ClickException(
            f"{part} is writable by other users; check it and run chmod 600, or delete it"
        )
    os.fchmod(descriptor, 0o600)


def _lock(part: Path, descriptor: int) -> None:
    """Keep others from writing the same file; the system releases the lock whatever happens."""
    if not try_lock(descriptor):
        raise click.ClickException(f"{part} is being written by another process")
    _require_same(part, descriptor)


def _require_same(part: Path, descriptor: int) -> None:
    """See that the name still is that of the open file: another process may have renamed it."""
    try:
        is_same = os.path.samestat(part.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        is_same = False
    if not is_same:
        raise click.ClickException(f"{part} was replaced by another process; run this again")


def _keep_access(target: Path, descriptor: int) -> None:
    """Let those who could read the old file read the new one; say so where that is impossible."""
    try:
        old = target.lstat()
    except FileNotFoundError:
        return
    owners = {os.geteuid()}
    if os.geteuid() == 0:
        owners.add(target.absolute().parent.stat().st_uid)
    if old.st_uid not in owners or old.st_nlink != 1:
        # A hard link is made by whoever wants the permissions of its file for what is written.
        why = "belonged to another user" if old.st_nlink == 1 else "was a hard link"
        say(f"the old {target} {why}; only this user can read the new one", err=True)
        return
    try:
        os.fchown(descriptor, old.st_uid, old.st_gid)
    except PermissionError:
        say(f"{target}: its owner or group could not be kept; only this user can read it", err=True)
        return
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode) & _NOT_OTHERS)


def _sync_folder(file: Path) -> None:
    """Make the name of a file survive a loss of power."""
    folder = os.open(file.absolute().parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
