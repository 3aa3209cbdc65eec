"""The files that belong to a database, and whether a file is one of them.

A command that wrote to one of them would destroy messages that were acknowledged, or would have
SQLite play a log into a database that it is not of.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from lyftr_core.errors import StorageError, StorageUnavailable
from lyftr_sqlite.connection.locks import COPYING, TURN
from lyftr_sqlite.connection.obstacles import obstacle_beside, obstacle_to_reading
from lyftr_sqlite.connection.url import BESIDE

__all__ = ["LOCKS", "RESTORING", "owns", "require_free", "require_usable"]

LOCKS = (TURN, COPYING)
"""What lyftr keeps beside it."""
RESTORING = ".restoring"
"""The copy that a restore makes before it replaces the database."""
_OURS = tuple(f"{copy}{end}" for copy in ("", RESTORING) for end in ("", *BESIDE, *LOCKS))

_Identity = tuple[int | str, ...]


def owns(path: Path, file: Path) -> bool:
    """Tell whether a file is a database, or one of the files that belong to it.

    A file that does not exist yet counts too: SQLite reads the log that it finds. Symbolic links,
    hard links and relative names make no difference.

    Args:
        path: The database; it need not exist.
        file: The name of any file.
    """
    wanted = set(_identities(file))
    # SQLite names its files after the file that a symbolic link leads to.
    return any(
        not wanted.isdisjoint(_identities(Path(f"{name}{end}")))
        for name in {os.fspath(path), os.path.realpath(path)}
        for end in _OURS
    )


def require_free(path: Path, target: Path) -> None:
    """See that a command may write a file, whether or not it exists.

    Args:
        path: The database of the command.
        target: The file to be written.

    Raises:
        StorageError: It is a file of this database or of another one.
    """
    if owns(path, target):
        raise StorageError(
            f"{target} is the database {path} or one of its files; choose another name"
        )
    for end in BESIDE:
        if os.path.lexists(f"{target}{end}"):
            raise StorageError(
                f"{target} belongs to another database, whose {target.name}{end} lies beside it;"
                " choose another name"
            )
    if other := _database_of(target, (*BESIDE, *LOCKS, RESTORING)):
        raise StorageError(f"{target} belongs to the database {other}; choose another name")


def require_usable(path: Path) -> None:
    """See that a file is one that a database may be in; it need not exist.

    SQLite would overwrite or delete a database that has the name of another one's log, and a
    restore would replace a device by a file.

    Args:
        path: The file. A symbolic link is followed.

    Raises:
        StorageUnavailable: It belongs to another database; or it or a file that SQLite keeps
            beside it is not a regular file.
        OSError: It cannot be looked at.
    """
    for name in {path, Path(os.path.realpath(path))}:
        if other := _database_of(name, (*BESIDE, *LOCKS)):
            raise StorageUnavailable(f"{name} belongs to the database {other}; choose another name")
    with suppress(FileNotFoundError, NotADirectoryError):
        if not stat.S_ISREG(path.stat().st_mode):
            why = obstacle_to_reading(path) or "it is not a regular file"
            raise StorageUnavailable(f"cannot open {path}: {why}")
    if beside := obstacle_beside(path):
        raise StorageUnavailable(f"cannot open {path}: {beside}")


def _database_of(file: Path, ends: tuple[str, ...]) -> Path | None:
    """Return the database that a file belongs to by its name, if there is such a database."""
    for end in ends:
        database = Path(os.fspath(file).removesuffix(end))
        if database != file and database.is_file():
            return database
    return None


def _identities(file: Path) -> Iterator[_Identity]:
    """Yield what tells a file from others: what it is, and where it is or would be."""
    with suppress(OSError):
        found = file.stat()
        yield found.st_dev, found.st_ino
    for name in {file, Path(os.path.realpath(file))}:
        with suppress(OSError):
            folder = name.parent.stat()
            yield folder.st_dev, folder.st_ino, name.name
