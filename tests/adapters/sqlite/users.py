"""Two users of a database: the one who runs the tests, and one who may do less."""

import concurrent.futures.thread  # noqa: F401 - nobody may not be able to import it later
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lyftr_core import StorageUnavailable
from lyftr_sqlite.connection.ownership import user_name

__all__ = ["ADD", "as_nobody", "as_owner", "needs_two_users", "to_do", "told"]

_NOBODY = 65534
ADD = (
    "INSERT INTO messages (message_id, sender, recipient, ts, received_at)"
    " VALUES (?, '+12', '+13', 0, 0)"
)
needs_two_users = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as other users")


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may write anything, so a test runs as somebody else for a while."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


@contextmanager
def as_owner() -> Iterator[None]:
    user = os.geteuid()
    os.seteuid(os.getuid())
    try:
        yield
    finally:
        os.seteuid(user)


def told(action: Callable[[], object]) -> str:
    with as_nobody(), pytest.raises(StorageUnavailable) as refused:
        action()
    return str(refused.value)


def to_do(file: Path, letter: str) -> str:
    owner = file.stat().st_uid
    if os.geteuid() != 0:
        return f"run: chmod u+{letter} {file}"
    return f"run lyftr as {user_name(owner)}, or give this user permission"
