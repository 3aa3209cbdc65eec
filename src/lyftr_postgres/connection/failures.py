"""What PostgreSQL, psycopg and SQLAlchemy raise, as the domain's errors."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from lyftr_core.errors import DataRefused, StorageUnavailable

__all__ = ["as_storage_unavailable", "blames_data", "has_lost_a_race", "is_lost", "reason"]

# Classes of errors (https://www.postgresql.org/docs/current/errcodes-appendix.html). Those of the
# server, the connection or another transaction; any other may be one of the data: a trigger can
# raise an error with a code of its own.
_OF_SERVER = {"08", "25", "28", "3D", "40", "53", "55", "57", "58", "F0", "HV", "XX"}
# Those of the statement, whatever it is given, unless a function raised them for a row.
_OF_STATEMENT = {"0A", "26", "34", "3F", "42"}
_ROW_POLICY = "ExecWithCheckOptions"
"""The function of the server that refuses a row; its error has the code of a missing privilege."""


@contextmanager
def as_storage_unavailable(doing: str) -> Iterator[None]:
    """Raise `StorageUnavailable` for whatever the database raises.

    Args:
        doing: What was tried, as in `cannot read`.

    Raises:
        DataRefused: What it was given is to blame.
    """
    try:
        yield
    except (SQLAlchemyError, psycopg.Error, OSError, TimeoutError, UnicodeError) as exc:
        kind = DataRefused if blames_data(exc) else StorageUnavailable
        raise kind(f"{doing}: {reason(exc)}") from exc


def blames_data(exc: BaseException) -> bool:
    """Tell whether an error is one of what was to be stored, and the connection is well."""
    if isinstance(exc, DataRefused):
        return True
    if isinstance(exc, UnicodeEncodeError):
        return not _is_of_host(exc)
    found = getattr(exc, "orig", None) or exc
    return isinstance(found, psycopg.Error) and _blames_row(found)


def _blames_row(exc: psycopg.Error) -> bool:
    found = _class_of(exc)
    if found in _OF_STATEMENT:  # only an error within a function has a context
        return bool(exc.diag.context) or exc.diag.source_function == _ROW_POLICY
    if not found:
        return isinstance(exc, psycopg.DataError)  # of psycopg itself
    return found not in _OF_SERVER


def has_lost_a_race(exc: BaseException) -> bool:
    """Tell whether another transaction was in the way, and is no longer.

    Args:
        exc: What was raised from the driver's error.
    """
    return _class_of(exc.__cause__) == "40"


def _class_of(exc: BaseException | None) -> str:
    return (exc.sqlstate or "")[:2] if isinstance(exc, psycopg.Error) else ""


def reason(exc: BaseException) -> str:
    """Return the server's first sentence: its detail and context may repeat what was sent."""
    found = getattr(exc, "orig", None) or exc
    if _is_of_host(found):
        return "the host name is invalid: each label must have 1 to 63 characters"
    if isinstance(found, UnicodeEncodeError):  # it would show the character
        return f"a character cannot be encoded in {found.encoding}"
    if isinstance(found, psycopg.Error) and found.diag.message_primary:
        return found.diag.message_primary
    lines = str(found).strip().splitlines()
    return lines[0] if lines else type(found).__name__


def _is_of_host(exc: BaseException) -> bool:
    """Tell whether the name of a host cannot be encoded; before Python 3.13 the error is plain."""
    if isinstance(exc, UnicodeEncodeError):
        return exc.encoding == "idna"
    return type(exc) is UnicodeError


def is_lost(exc: BaseException) -> bool:
    """Tell whether the connection went away, and another may be had.

    Args:
        exc: The error, or one that was raised from it.
    """
    found: BaseException | None = exc
    while found:
        driver_error = getattr(found, "orig", None) or found
        # Of class 57P, the server is going down or just coming up
        # (https://www.postgresql.org/docs/current/errcodes-appendix.html).
        if isinstance(driver_error, psycopg.OperationalError):
            state = driver_error.sqlstate or "08"
            return state[:2] == "08" or state[:3] == "57P"
        found = found.__cause__
    return False
