"""One PostgreSQL database with everything that works on it, from open to close."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Self

from lyftr_postgres.connection.connecting import create_reading_engine, opener
from lyftr_postgres.connection.url import describe, parse_database_url, parse_read_url
from lyftr_postgres.connection.writing import WritingConnection
from lyftr_postgres.maintenance.remover import PostgresMessageRemover
from lyftr_postgres.projections.follower import Follower
from lyftr_postgres.projections.notifications import Announcer, Listener
from lyftr_postgres.reading.probe import PostgresReadinessProbe
from lyftr_postgres.reading.reader import PostgresMessageReader
from lyftr_postgres.schema.migrate import prepare, require_readable
from lyftr_postgres.writer import PostgresMessageWriter
from lyftr_sql.group_commit import Commit
from lyftr_sql.store import OpenedStore

__all__ = ["POOL_SIZE", "PostgresStore"]

POOL_SIZE = 5
"""How many connections read at the same time."""


class PostgresStore(OpenedStore):
    """The ports over one PostgreSQL database, for one event loop. To construct it does no I/O.

    Other processes, on this machine and on others, may use the same database.

    Args:
        url: `postgresql://USER:PASSWORD@HOST:PORT/NAME`, as libpq takes it.
        read_url: The same of a replica, for `replica`; by default there is none.
        pool_size: How many connections read at the same time, of each of the two.
        on_commit: Told after each commit of messages.
        on_news: Told when another process may have added messages.

    Attributes:
        conninfo: How to connect, secrets and all.
        name: What to call the database; no secret is in it.
        writer: The `MessageWriter`.
        reader: The `MessageReader`.
        replica: A `MessageReader` that may be behind; without a replica the `reader` itself.
        probe: The `ReadinessProbe`.
        remover: The `MessageRemover`.

    Raises:
        ValueError: A URL is of another kind.

    Example:
        async with PostgresStore("postgresql:///inbox") as store:
            outcome = await store.writer.add(message, received_at=now)
    """

    def __init__(
        self,
        url: str,
        *,
        read_url: str | None = None,
        pool_size: int = POOL_SIZE,
        on_commit: Callable[[Commit], None] = lambda _commit: None,
        on_news: Callable[[], None] = lambda: None,
    ) -> None:
        self.conninfo: str = parse_database_url(url)
        self.name: str = describe(self.conninfo)
        connect = opener(self.conninfo)
        self._follower = Follower(WritingConnection(connect))
        self._announcer = Announcer(connect)
        self._listener = Listener(opener(self.conninfo, listens=True), on_news)
        self._on_commit = on_commit
        self._removing = WritingConnection(connect)
        reading = create_reading_engine(connect, pool_size)
        self._engines = [reading]
        self.writer: PostgresMessageWriter = PostgresMessageWriter(
            WritingConnection(connect), on_commit=self._note_commit
        )
        self.reader: PostgresMessageReader = PostgresMessageReader(reading)
        self.replica: PostgresMessageReader = self.reader
        if read_url:
            engine = create_reading_engine(opener(parse_read_url(read_url)), pool_size)
            self._engines.append(engine)
            self.replica = PostgresMessageReader(engine)
        self.remover: PostgresMessageRemover = PostgresMessageRemover(
            self._removing, connect, reading
        )
        self.probe: PostgresReadinessProbe = PostgresReadinessProbe(reading, self.writer)

    async def open(self) -> None:
        """Make the tables if the database is empty, and begin to write.

        Raises:
            StorageUnavailable: The database cannot be reached or written.
            SchemaMismatch: It has another schema than this version uses; `migrate` changes an
                older one.
        """
        await asyncio.to_thread(prepare, self.conninfo)
        try:
            for part in (self._follower, self._announcer, self._listener, self.writer):
                await part.open()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Commit what waits, and close every connection. A second call does nothing."""
        async with AsyncExitStack() as stack:  # one after the other, whatever fails
            for engine in self._engines:
                stack.push_async_callback(engine.dispose)
            stack.push_async_callback(self._removing.close)
            for part in (
                *(self._listener, self._announcer, self._follower),
                *(self.probe, self.writer),
            ):
                stack.push_async_callback(part.close)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Self]:
        """Use the `reader` alone: nothing is made, migrated or added. Servers may run.

        Raises:
            StorageUnavailable: The database cannot be reached.
            SchemaMismatch: It has another schema than this version uses.
        """
        await asyncio.to_thread(require_readable, self.conninfo)
        try:
            yield self
        finally:
            await self.close()

    def _note_commit(self, commit: Commit) -> None:
        if commit.created:
            self._follower.note_commit(commit.created)
            self._announcer.note_commit()
        self._on_commit(commit)
