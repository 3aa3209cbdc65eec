"""Opening connections: all of them in autocommit mode, and good for a transaction pool.

A pool like PgBouncer in its transaction mode gives each transaction to any connection of its own,
so nothing may be left on one: no prepared statement, no setting but within a transaction. What
lyftr relies on, `lyftr_postgres.connection.settings` sees to.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from psycopg import AsyncConnection, Connection, Notify
from sqlalchemy import AsyncAdaptedQueuePool
from sqlalchemy.ext.asyncio import AsyncConnection as PooledConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from lyftr_postgres.connection.settings import prepare_session, prepare_session_now

__all__ = ["connect_now", "create_reading_engine", "driver_of", "opener"]

_WAIT_FOR_A_READER = 5.0
"""How long a read waits for one of the connections, in seconds."""

Opener = Callable[[], Awaitable[AsyncConnection]]


def opener(conninfo: str, *, listens: bool = False) -> Opener:
    """Return what opens a connection.

    Args:
        conninfo: See `lyftr_postgres.connection.url.parse_database_url`.
        listens: Whether its user asks for notifications.
    """

    async def connect() -> AsyncConnection:
        # A statement that is prepared would be so on one connection of the pool alone.
        connection = await AsyncConnection.connect(
            conninfo, autocommit=True, prepare_threshold=None
        )
        if not listens:
            # A pool may give it a connection on which somebody has said LISTEN; psycopg would keep
            # whatever comes then, for ever.
            connection.add_notify_handler(_ignore)
        try:
            await prepare_session(connection)
        except BaseException:
            await connection.close()
            raise
        return connection

    return connect


def connect_now(conninfo: str) -> Connection[Any]:
    """Open a connection for work without asyncio.

    Args:
        conninfo: See `lyftr_postgres.connection.url.parse_database_url`.
    """
    connection = Connection.connect(conninfo, autocommit=True, prepare_threshold=None)
    try:
        prepare_session_now(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def create_reading_engine(connect: Opener, size: int) -> AsyncEngine:
    """Make the engine of the readers.

    Args:
        connect: Opens a connection.
        size: At most how many there are.
    """
    return create_async_engine(
        "postgresql+psycopg://",
        async_creator=connect,
        hide_parameters=True,  # an error that is logged shows no text and no phone number
        use_native_hstore=False,  # or each connection begins with a question about it
        poolclass=AsyncAdaptedQueuePool,
        pool_size=size,
        max_overflow=0,
        pool_timeout=_WAIT_FOR_A_READER,
    )


def _ignore(_notification: Notify) -> None:
    """Keep nothing of a notification."""


async def driver_of(connection: PooledConnection) -> AsyncConnection[Any]:
    """Return psycopg's connection below SQLAlchemy's."""
    driver = (await connection.get_raw_connection()).driver_connection
    if not isinstance(driver, AsyncConnection):
        raise TypeError(f"the engine is not over psycopg but {type(driver).__name__}")
    return driver
