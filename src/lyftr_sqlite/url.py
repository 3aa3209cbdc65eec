"""Database URLs: which file is meant."""

from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

__all__ = ["parse_database_url"]

_DRIVERS = frozenset({"sqlite", "sqlite+aiosqlite"})
_TAKEN = "must be sqlite:///FILE (relative) or sqlite:////FILE (absolute)"


def parse_database_url(url: str) -> Path:
    """Return the file that a database URL names.

    Args:
        url: `sqlite:///FILE`; `sqlite+aiosqlite:///FILE` means the same.

    Raises:
        ValueError: The URL is of another kind, or names no file (a database in memory could not
            keep what it acknowledged).
    """
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError(_TAKEN) from None
    if parts.drivername not in _DRIVERS or parts.host or parts.username or "?" in url:
        raise ValueError(_TAKEN)
    if "\0" in (parts.database or ""):
        raise ValueError(f"{_TAKEN}; no file name holds NUL")
    if not parts.database or parts.database == ":memory:":
        raise ValueError(f"{_TAKEN}; a database in memory keeps nothing")
    return Path(parts.database)
