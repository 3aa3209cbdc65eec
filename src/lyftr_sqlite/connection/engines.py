"""The two engines on one file: one connection that writes, a few that read."""

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import cast
from weakref import WeakKeyDictionary

import aiosqlite
from sqlalchemy import URL, AsyncAdaptedQueuePool, Connection, ExceptionContext, event
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from lyftr_core.errors import StorageUnavailable
from lyftr_core.removal import hash_fields
from lyftr_sqlite.connection.failures import as_storage_unavailable, is_passing
from lyftr_sqlite.connection.file_identity import OneFile
from lyftr_sqlite.connection.obstacles import obstacle_to_reading
from lyftr_sqlite.connection.read_access import AtRest, read_access
from lyftr_sqlite.connection.url import BUSY_TIMEOUT, file_uri, open_connection

__all__ = [
    "HASH_FUNCTION",
    "READERS",
    "create_reading_engine",
    "create_writing_engine",
    "driver_of",
    "reading_from",
]


async def driver_of(connection: AsyncConnection) -> aiosqlite.Connection:
    """Return the driver's own connection."""
    raw = await connection.get_raw_connection()
    return cast("aiosqlite.Connection", raw.driver_connection)


HASH_FUNCTION = "lyftr_content_hash"
"""The name of `_hash_of_columns` in SQL."""
READERS = 4
"""How many connections read at the same time."""
_LOG_SIZE = 128 * 1024 * 1024
"""To how many bytes a longer write-ahead log is cut when it begins anew: what is cut off has to be
given to it again, which costs more than to write over it."""
_DRIVER = "sqlite+aiosqlite"
_AT_REST = "at_rest"
_NICENESS = 5
"""By how much readers are nicer than the rest: they get about a third of what it gets."""


def _hash_of_columns(
    message_id: bytes, sender: bytes, recipient: bytes, ts: object, text: bytes | None
) -> int:
    """Return the hash of the content of a row, be it a valid message or not: what stays of it.

    Args:
        message_id: As all texts cast to a BLOB, so that what is no UTF-8 can be removed too.
        sender: The same.
        recipient: The same.
        ts: Microseconds since 1970-01-01T00:00:00Z.
        text: The same as for the others, or `None`.
    """
    return hash_fields(message_id, sender, recipient, ts if isinstance(ts, int) else 0, text)


def create_writing_engine(
    path: Path, file: OneFile | None = None, *, autocheckpoint: int = 1_000
) -> AsyncEngine:
    """Make the engine of the writer: each statement is one durable transaction.

    WAL with `synchronous=FULL` syncs the log at each commit: what is committed survives the loss
    of power (https://www.sqlite.org/pragma.html#pragma_synchronous).

    Args:
        path: The file.
        file: Shared by the engines of one store; by default this engine has one of its own.
        autocheckpoint: A log of so many pages is copied into the database by the very commit.
    """
    engine = create_async_engine(
        URL.create(_DRIVER),
        async_creator=_opener(path, file, lambda: open_connection(file_uri(path, "rw"))),
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,  # an error that is logged shows no text and no phone number
        poolclass=AsyncAdaptedQueuePool,
        pool_size=1,
        max_overflow=0,
    )
    _on_connect(
        engine,
        "journal_mode=WAL",
        "synchronous=FULL",
        f"busy_timeout={BUSY_TIMEOUT}",
        f"wal_autocheckpoint={autocheckpoint}",
        f"journal_size_limit={_LOG_SIZE}",
        # What a change frees is overwritten with zeros, whatever the default of this SQLite.
        "secure_delete=ON",
    )

    @event.listens_for(engine.sync_engine, "connect")
    def add_functions(connection: AsyncAdapt_aiosqlite_connection, _record: object) -> None:
        connection.create_function(HASH_FUNCTION, 5, _hash_of_columns)

    return engine


def create_reading_engine(path: Path, file: OneFile | None = None) -> AsyncEngine:
    """Make the engine of the readers: each transaction sees one moment, and none can write.

    Use its connections through `reading_from`.

    Args:
        path: The file.
        file: As for the writer.
    """
    at_rest: WeakKeyDictionary[aiosqlite.Connection, AtRest] = WeakKeyDictionary()

    async def open_as_allowed() -> aiosqlite.Connection:
        access = read_access(path)
        connection = await open_connection(access.uri)
        for pragma in access.pragmas:
            await connection.execute(pragma)
        if access.at_rest:
            at_rest[connection] = access.at_rest
        return connection

    engine = create_async_engine(
        URL.create(_DRIVER, database=str(path)),  # the name for `reading_from`; it opens nothing
        async_creator=_opener(path, file, open_as_allowed),
        hide_parameters=True,  # as for the writer
        poolclass=AsyncAdaptedQueuePool,
        pool_size=READERS,
        max_overflow=0,
        pool_timeout=BUSY_TIMEOUT / 1000,
    )
    _on_connect(engine, "query_only=ON", f"busy_timeout={BUSY_TIMEOUT}")
    if sys.platform == "linux":
        _lower_priority(engine)

    @event.listens_for(engine.sync_engine, "connect")
    def note_at_rest(
        connection: AsyncAdapt_aiosqlite_connection, record: ConnectionPoolEntry
    ) -> None:
        record.info[_AT_REST] = at_rest.get(connection.driver_connection)

    @event.listens_for(engine.sync_engine, "handle_error")
    def drop(context: ExceptionContext) -> None:
        # One that was opened while the log was away would keep to an empty one for ever.
        context.is_disconnect = not is_passing(context.original_exception)

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


@asynccontextmanager
async def reading_from(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Use a connection of the readers for one transaction.

    Args:
        engine: See `create_reading_engine`.

    Raises:
        StorageUnavailable: The database cannot be read, or another process wrote to it and this
            user can take no lock, so that the answer may be wrong. The next call connects again.
    """
    path = Path(engine.url.database or "")
    why = partial(obstacle_to_reading, path)
    with as_storage_unavailable(f"cannot read {path}", why):
        async with engine.connect() as connection:
            at_rest: AtRest | None = connection.info[_AT_REST]
            if at_rest is None:
                yield connection
                return
            try:
                with at_rest.kept():
                    yield connection
            except StorageUnavailable:
                # Without this the pool would keep what was true when it was opened.
                await connection.invalidate()
                raise


def _opener(
    path: Path, file: OneFile | None, opening: Callable[[], Awaitable[aiosqlite.Connection]]
) -> Callable[[], Awaitable[aiosqlite.Connection]]:
    one = file or OneFile(path)

    def open_same() -> Awaitable[aiosqlite.Connection]:
        one.require_same()
        return opening()

    return open_same


def _lower_priority(engine: AsyncEngine) -> None:
    """Let webhooks come first where searches want more of the processors than there is.

    Each connection has a thread, and on Linux each thread a priority (nice(2), "C library/kernel
    differences"); a function of SQL runs in the thread of its connection.
    """

    @event.listens_for(engine.sync_engine, "connect")
    def lower(connection: AsyncAdapt_aiosqlite_connection, _record: object) -> None:
        connection.create_function("nice", 1, os.nice)
        cursor = connection.cursor()
        cursor.execute(f"SELECT nice({_NICENESS})")
        cursor.close()


def _on_connect(engine: AsyncEngine, *pragmas: str) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def set_pragmas(connection: AsyncAdapt_aiosqlite_connection, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
