"""What PostgreSQL, psycopg and SQLAlchemy raise, as the domain's errors."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from lyftr_core.errors import DataRefused, StorageUnavailable

__all__ = ["as_storage_unavailable", "blames_data", "has_lost_a_race", "is_lost", "reason"]

# Classes of errors that statements, constraints and triggers have for what they are given
# (https://www.postgresql.org/docs/current/errcodes-appendix.html).
_OF_DATA = {"09", "21", "22", "23", "27", "38", "39", "44", "45", "54", "P0"}


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
        return exc.encoding != "idna"  # that is the name of a host
    found = getattr(exc, "orig", None) or exc
    is_of_client = isinstance(found, psycopg.DataError)
    return is_of_client or _class_of(found) in _OF_DATA


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
    if isinstance(found, UnicodeEncodeError):  # it would show the character
        return f"a character cannot be encoded in {found.encoding}"
    if isinstance(found, psycopg.Error) and found.diag.message_primary:
        return found.diag.message_primary
    lines = str(found).strip().splitlines()
    return lines[0] if lines else type(found).__name__


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
