"""One PostgreSQL database with everything that works on it, from open to close."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from lyftr_core.database import Commit
from lyftr_postgres.connection.connecting import create_reading_engine, opener
from lyftr_postgres.connection.reading import ReadingConnections
from lyftr_postgres.connection.url import describe, parse_database_url, parse_read_url
from lyftr_postgres.connection.writing import WritingConnection
from lyftr_postgres.maintenance.remover import PostgresMessageRemover
from lyftr_postgres.projections.follower import Follower
from lyftr_postgres.projections.notifications import Listener, Notifier
from lyftr_postgres.reading.reader import PostgresMessageReader
from lyftr_postgres.schema.migrate import prepare, require_readable
from lyftr_postgres.schema.tables import log_base
from lyftr_postgres.writer import PostgresMessageWriter
from lyftr_sql.store import PATIENCE, OpenedStore, StoreProbe

__all__ = ["POOL_SIZE", "PostgresReadinessProbe", "PostgresStore"]

POOL_SIZE = 5
"""How many connections read at the same time."""


class PostgresReadinessProbe(StoreProbe):
    """The `ReadinessProbe` port over PostgreSQL.

    Args:
        engine: See `lyftr_postgres.connection.connecting.create_reading_engine`.
        writer: What commits.
    """

    def __init__(self, engine: AsyncEngine, writer: PostgresMessageWriter) -> None:
        connections = ReadingConnections(engine, patience=PATIENCE)
        super().__init__(lambda: connections.run(_read_the_base), writer)


async def _read_the_base(connection: AsyncConnection) -> None:
    await connection.execute(select(log_base.c.base))


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
        super().__init__(partial(prepare, self.conninfo), partial(require_readable, self.conninfo))
        self.name: str = describe(self.conninfo)
        connect = opener(self.conninfo)
        self._follower = Follower(WritingConnection(connect))
        self._notifier = Notifier(connect)
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
        self._parts = self._follower, self._notifier, self._listener, self.writer
        if read_url:
            engine = create_reading_engine(opener(parse_read_url(read_url)), pool_size)
            self._engines.append(engine)
            self.replica = PostgresMessageReader(engine)
        self.remover: PostgresMessageRemover = PostgresMessageRemover(
            self._removing, connect, reading
        )
        self.probe: PostgresReadinessProbe = PostgresReadinessProbe(reading, self.writer)

    async def close(self) -> None:
        """Commit what waits, and close every connection. A second call does nothing."""
        async with AsyncExitStack() as stack:  # one after the other, whatever fails
            for engine in self._engines:
                stack.push_async_callback(engine.dispose)
            stack.push_async_callback(self._removing.close)
            for part in (
                *(self._listener, self._notifier, self._follower),
                *(self.probe, self.writer),
            ):
                stack.push_async_callback(part.close)

    def _note_commit(self, commit: Commit) -> None:
        if commit.created:
            self._follower.note_commit(commit.created)
            self._notifier.note_commit()
        self._on_commit(commit)
