"""The settings of PostgreSQL that lyftr relies on, whatever environment, role or database say.

A connection straight to the server gets them once, for as long as it lasts. On a connection of a
transaction pool nothing may be left, so there each transaction sets them for itself. A statement
that is a transaction of its own is put into such a transaction only if the defaults differ.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import psycopg
from psycopg import AsyncConnection, Connection, IsolationLevel

from lyftr_core.errors import StorageUnavailable

__all__ = [
    "BEGIN",
    "LOCALLY",
    "has_our_defaults",
    "in_transaction",
    "prepare_session",
    "prepare_session_now",
    "require_writable",
    "require_writable_now",
]

_NEEDED = {
    # With a stricter level all but one of the servers that store the same message would fail.
    "default_transaction_isolation": "read committed",
    # lyftr has its own limits of time; an index takes as long as it takes.
    "statement_timeout": "0",
    "lock_timeout": "0",
    "transaction_timeout": "0",
    "idle_session_timeout": "0",
    # A process that was stopped in a transaction does not keep its locks for ever.
    "idle_in_transaction_session_timeout": "1min",
    # With a limit a search by index finds only some of the messages.
    "gin_fuzzy_search_limit": "0",
    "standard_conforming_strings": "on",
}
# Older servers know fewer of them.
_LISTED = f"""FROM (VALUES {", ".join(map(str, _NEEDED.items()))}) AS needed (name, value)
    WHERE current_setting(name, true) IS NOT NULL"""

LOCALLY: str = f"SELECT set_config(name, value, true) {_LISTED}"
"""Sets them for the open transaction alone."""
BEGIN: str = f"BEGIN ISOLATION LEVEL READ COMMITTED; {LOCALLY}"
"""Begins a transaction that writes."""

# A pool gives a client a process id of its own making.
_FOR_SESSION = f"""SELECT bool_and(value = CASE WHEN pg_backend_pid() = %s
    THEN set_config(name, value, false) ELSE current_setting(name) END) {_LISTED}"""
_IS_READ_ONLY = """SELECT current_setting('transaction_read_only')::boolean
    AND NOT pg_is_in_recovery()"""
_READ_ONLY = (
    "the database is read-only for this user: default_transaction_read_only is on;"
    " turn it off for the role or database, or use another role"
)


async def prepare_session(connection: AsyncConnection[Any]) -> None:
    """Set what is needed on a new connection, or note that each transaction has to do so.

    Args:
        connection: In autocommit mode. Its `isolation_level` is set where the defaults differ.
    """
    # A standby answers nothing in a transaction that is serializable.
    await connection.set_isolation_level(IsolationLevel.READ_COMMITTED)
    async with connection.transaction():
        found = await connection.execute(_FOR_SESSION, [connection.info.backend_pid])
    if (await found.fetchone()) == (True,):
        await connection.set_isolation_level(None)


def prepare_session_now(connection: Connection[Any]) -> None:
    """Do the same without asyncio."""
    connection.isolation_level = IsolationLevel.READ_COMMITTED
    with connection.transaction():
        found = connection.execute(_FOR_SESSION, [connection.info.backend_pid])
    if found.fetchone() == (True,):
        connection.isolation_level = None


def has_our_defaults(connection: AsyncConnection[Any]) -> bool:
    """Tell whether each transaction on a connection has what is needed, by itself."""
    return connection.isolation_level is None


@asynccontextmanager
async def in_transaction(connection: AsyncConnection[Any]) -> AsyncIterator[None]:
    """Make one statement a transaction that has what is needed.

    Args:
        connection: From `prepare_session`. After a refused statement no transaction is open.
    """
    if has_our_defaults(connection):
        yield
        return
    await connection.execute(BEGIN)
    try:
        yield
    except (psycopg.Error, UnicodeError):
        with suppress(psycopg.Error):  # where the connection is lost, too
            await connection.rollback()
        raise
    await connection.execute("COMMIT")


async def require_writable(connection: AsyncConnection[Any]) -> None:
    """See that no default forbids to write: an operator, or a nearly full server, may do so.

    Raises:
        StorageUnavailable: One does.
    """
    if await (await connection.execute(_IS_READ_ONLY)).fetchone() == (True,):
        raise StorageUnavailable(_READ_ONLY)


def require_writable_now(connection: Connection[Any], name: str) -> None:
    """See the same before anything is begun.

    Args:
        connection: To the database.
        name: What to call it.

    Raises:
        StorageUnavailable: One does.
    """
    if connection.execute(_IS_READ_ONLY).fetchone() == (True,):
        raise StorageUnavailable(f"cannot use {name}: {_READ_ONLY}")
