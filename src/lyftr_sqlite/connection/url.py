"""Which file a database URL means, its name for SQLite, and the driver's connection to it.

The connection is closed once nobody waits for it.
"""

import asyncio
import os
from pathlib import Path
from urllib.parse import quote

import aiosqlite
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

__all__ = ["BESIDE", "BUSY_TIMEOUT", "file_uri", "open_connection", "parse_database_url"]

BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database (https://www.sqlite.org/tempfiles.html)."""
BUSY_TIMEOUT = 5_000
"""How long a statement waits for another process's lock, in milliseconds."""


def file_uri(path: Path, mode: str) -> str:
    """Return the name of a file as SQLite reads it (https://www.sqlite.org/uri.html).

    Args:
        path: The file.
        mode: How to open it: `ro` or `rw`, and further parameters after `&`. A missing file stays
            missing; `rwc` would make it with the permissions that the umask leaves.
    """
    # Three slashes, since what follows two would be an authority.
    return "file:///" + quote(os.fsencode(path.absolute()).lstrip(b"/")) + f"?mode={mode}"


async def open_connection(uri: str) -> aiosqlite.Connection:
    """Open a connection that is in no transaction until told to begin one.

    aiosqlite alone forgets a connection whose opening is cancelled: it stays open until Python
    happens to collect it. Here it is closed first.

    Args:
        uri: The name of the file, and how to open it (https://www.sqlite.org/uri.html).

    Raises:
        sqlite3.Error: The file cannot be opened.
    """
    opening = asyncio.create_task(_open(uri))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        await asyncio.shield(asyncio.create_task(_close(opening)))
        raise


async def _open(uri: str) -> aiosqlite.Connection:
    connection = aiosqlite.connect(uri, uri=True, isolation_level=None)
    # As SQLAlchemy has it where it opens the connection itself: one that cannot be closed must
    # not keep the process from ending.
    connection._thread.daemon = True  # noqa: SLF001 - aiosqlite has no other name for it
    return await connection


async def _close(opening: asyncio.Task[aiosqlite.Connection]) -> None:
    await asyncio.wait([opening])
    if not opening.exception():
        await opening.result().close()


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
