"""What PostgreSQL, psycopg and SQLAlchemy raise, as the domain's errors."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from lyftr_core.errors import StorageUnavailable

__all__ = ["as_storage_unavailable", "is_lost", "reason"]


@contextmanager
def as_storage_unavailable(doing: str) -> Iterator[None]:
    """Raise `StorageUnavailable` for whatever the database raises.

    Args:
        doing: What was tried, as in `cannot read`.
    """
    try:
        yield
    except (SQLAlchemyError, psycopg.Error, OSError, TimeoutError) as exc:
        raise StorageUnavailable(f"{doing}: {reason(exc)}") from exc


def reason(exc: BaseException) -> str:
    """Return the server's first sentence: its detail and context may repeat what was sent."""
    found = getattr(exc, "orig", None) or exc
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
