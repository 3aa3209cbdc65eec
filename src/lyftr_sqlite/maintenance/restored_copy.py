"""The file into which a restore copies the backup, beside the database that it replaces."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lyftr_core.errors import StorageUnavailable
from lyftr_sqlite.connection.companions import LOCKS
from lyftr_sqlite.connection.locks import try_lock
from lyftr_sqlite.connection.ownership import PRIVATE, Ownership, hand_over, ownership_of, user_name
from lyftr_sqlite.connection.url import BESIDE

__all__ = ["open_copy", "remove_beside"]


@contextmanager
def open_copy(new: Path, path: Path, wanted: Ownership) -> Iterator[int]:
    """Open the file of the copy, empty, for this process alone; remove it after a failure.

    Args:
        new: The file. What a killed restore has left of it is written over.
        path: The database.
        wanted: The ownership of the database. The copy gets its user and group, and mode 0600.

    Yields:
        The descriptor.

    Raises:
        StorageUnavailable: Another process restores, another user made the file, or this user
            cannot give it to the owner of the database.
    """
    descriptor = os.open(new, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, PRIVATE)
    try:
        if not try_lock(descriptor):
            raise StorageUnavailable(f"another process restores {new}")
        _keep_owner(descriptor, new, path, wanted)
        with _emptied(new, descriptor):
            yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _emptied(new: Path, descriptor: int) -> Iterator[None]:
    """Leave nothing of another copy, nor anything of this one after a failure."""
    remove_beside(new, BESIDE + LOCKS)
    os.ftruncate(descriptor, 0)
    try:
        yield
    except BaseException:
        remove_beside(new, BESIDE + LOCKS)
        new.unlink(missing_ok=True)
        raise


def _keep_owner(descriptor: int, new: Path, path: Path, wanted: Ownership) -> None:
    """Give the copy to the owner of the database, before there is anything in it.

    Raises:
        StorageUnavailable: This user cannot, and the owner would be locked out; or another user
            made the file, and can read what is written to it, or chose what is overwritten.
    """
    found = ownership_of(descriptor)
    if found.user not in {os.geteuid(), wanted.user}:
        raise StorageUnavailable(f"cannot restore {path}: {new} belongs to {found}; remove it")
    if os.fstat(descriptor).st_nlink != 1:
        raise StorageUnavailable(
            f"cannot restore {path}: {new} is another file's second name; remove it"
        )
    try:
        hand_over(descriptor, wanted._replace(mode=PRIVATE))
    except PermissionError as exc:
        new.unlink()
        raise StorageUnavailable(
            f"cannot restore {path}: it belongs to {wanted}, and this user cannot give a new file"
            f" to them; run the command as {user_name(wanted.user)} or as root"
        ) from exc


def remove_beside(path: Path, ends: Sequence[str] = BESIDE) -> None:
    """Remove what belongs to a database that is no more: with another one it would ruin that."""
    for end in ends:
        Path(f"{path}{end}").unlink(missing_ok=True)
