"""What SQLite and SQLAlchemy raise, as the domain's errors."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from lyftr_core.errors import DataRefused, StorageUnavailable

__all__ = ["as_storage_unavailable", "blames_data", "is_busy", "is_passing", "reason"]

_PRIMARY_CODE = 0xFF
"""The part of an error code that extended codes share (https://www.sqlite.org/rescode.html)."""

_OF_DATA = {
    sqlite3.SQLITE_CONSTRAINT,
    sqlite3.SQLITE_MISMATCH,
    sqlite3.SQLITE_RANGE,
    sqlite3.SQLITE_TOOBIG,
}
_OF_NAME = (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError)
_OF_FILE = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
}
# An expression of a trigger or an index fails for one row; a missing table or column for all.
_OF_SCHEMA = re.compile(r"no such |table \S+ has no column ")
_UNDECODABLE = "Could not decode to UTF-8"


@contextmanager
def as_storage_unavailable(
    doing: str, obstacle: Callable[[], str | None] = lambda: None
) -> Iterator[None]:
    """Raise `StorageUnavailable` for whatever the database raises.

    Args:
        doing: What was tried, as in `cannot read`.
        obstacle: Asked why the file cannot be used, where that is what the database raises.

    Raises:
        DataRefused: What it was given is to blame.
    """
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError, UnicodeError, OverflowError) as exc:
        kind = DataRefused if blames_data(exc) else StorageUnavailable
        found = obstacle() if _cannot_use_file(exc) else None
        raise kind(f"{doing}: {found or reason(exc)}") from exc


def blames_data(exc: BaseException) -> bool:
    """Tell whether an error is one of what was to be stored, and the connection is well."""
    found = getattr(exc, "orig", None) or exc
    is_python_s = isinstance(found, (DataRefused, UnicodeEncodeError, OverflowError))
    is_of_expression = _code(found) == sqlite3.SQLITE_ERROR and not _OF_SCHEMA.match(str(found))
    return is_python_s or is_of_expression or _code(found) in _OF_DATA


def reason(exc: BaseException) -> str:
    """Return the database's own words, without the statement and what it was about.

    Of a value that is no UTF-8 the `sqlite3` module repeats the value; that is cut off.
    """
    found = getattr(exc, "orig", None) or exc
    if isinstance(found, UnicodeEncodeError):  # it would show the character
        return f"a character cannot be encoded in {found.encoding}"
    words = str(found)
    return words.partition(" with text ")[0] if words.startswith(_UNDECODABLE) else words


def is_busy(exc: BaseException) -> bool:
    """Tell whether it failed since another held the lock for longer than the busy time-out.

    Args:
        exc: The error, or one that was raised from it.
    """
    found: BaseException | None = exc
    while found:
        if _code(getattr(found, "orig", None) or found) == sqlite3.SQLITE_BUSY:
            return True
        found = found.__cause__
    return False


def is_passing(exc: BaseException) -> bool:
    """Tell whether the driver's error says nothing against the connection: interrupted, or busy."""
    return _code(exc) in {sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_BUSY}


def _cannot_use_file(exc: BaseException) -> bool:
    found = getattr(exc, "orig", None) or exc
    return isinstance(found, _OF_NAME) or _code(found) in _OF_FILE


def _code(exc: BaseException) -> int:
    code: int = getattr(exc, "sqlite_errorcode", sqlite3.SQLITE_OK)
    return code & _PRIMARY_CODE
