"""Who may use a database, and files that lyftr makes beside it or in its place.

A command may run as root, or as a member of a group, on the database of a service. The files it
makes must neither lock the service out nor be open to anyone else. SQLite itself gives `-wal` and
`-shm` the owner and the mode of the database.
"""

import os
import stat
import sys
from pathlib import Path
from typing import NamedTuple

if sys.platform != "win32":
    import grp
    import pwd

__all__ = [
    "PRIVATE",
    "Ownership",
    "create_private",
    "hand_over",
    "is_open_to_all",
    "ownership_of",
    "ownership_of_new",
    "user_name",
]

PRIVATE = 0o600
"""The permissions of what is for its owner alone."""
_UNCHANGED = -1


class Ownership(NamedTuple):
    """The owner and the permissions of a file.

    Attributes:
        user: The user id.
        group: The group id.
        mode: The permission bits.
    """

    user: int
    group: int
    mode: int

    def __str__(self) -> str:
        """Return the names of user and group, or the numbers that have no names."""
        return f"{user_name(self.user)}:{_group_name(self.group)}"


def ownership_of(file: Path | int) -> Ownership:
    """Return the ownership of a file, given by its path or by a descriptor."""
    found = os.stat(file)  # noqa: PTH116 - of a descriptor too, which no Path has
    return Ownership(found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode))


def ownership_of_new(path: Path) -> Ownership:
    """Return the ownership that a database gets where there is none yet.

    Only its owner can use it. Root makes it for the owner of the folder, who is going to use it.
    """
    if os.geteuid() == 0:
        return ownership_of(path.parent)._replace(mode=PRIVATE)
    return Ownership(os.geteuid(), _UNCHANGED, PRIVATE)


def create_private(path: Path) -> None:
    """Create an empty database if there is none, for its owner alone.

    SQLite itself would create it with the permissions that the umask leaves.

    Args:
        path: The file. Where it is a symbolic link, the file that it leads to is created.

    Raises:
        OSError: The file cannot be created.
    """
    real = Path(os.path.realpath(path))
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(real, flags, PRIVATE)
    except FileExistsError:
        return
    try:
        if sys.platform != "win32":
            hand_over(descriptor, ownership_of_new(real))
    except PermissionError:
        pass  # root without the right to give files away, as in some containers, keeps the file
    finally:
        os.close(descriptor)


def hand_over(descriptor: int, wanted: Ownership) -> None:
    """Give a file to another owner, and change its permissions.

    Args:
        descriptor: The open file.
        wanted: Whose it is to be. A number of -1 leaves the user or the group as it is.

    Raises:
        PermissionError: This process may not.
    """
    found = ownership_of(descriptor)
    user = _UNCHANGED if wanted.user == found.user else wanted.user
    group = _UNCHANGED if wanted.group == found.group else wanted.group
    if (user, group) != (_UNCHANGED, _UNCHANGED):
        os.fchown(descriptor, user, group)
    if wanted.mode != found.mode:
        os.fchmod(descriptor, wanted.mode)


def is_open_to_all(path: Path) -> bool:
    """Tell whether every user of the machine may read or write a file, and get to it."""
    if sys.platform == "win32":
        return False
    real = Path(os.path.realpath(path))
    can_get_there = all(ownership_of(folder).mode & stat.S_IXOTH for folder in real.parents)
    return can_get_there and bool(ownership_of(real).mode & (stat.S_IROTH | stat.S_IWOTH))


def user_name(number: int) -> str:
    """Return the name of a user, or the number if it has none."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group_name(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
