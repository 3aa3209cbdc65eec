"""One SQLite file with everything that works on it, from open to close."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from lyftr_core.database import Commit
from lyftr_sql.store import OpenedStore, StoreProbe
from lyftr_sqlite.connection.checkpoints import Checkpointer
from lyftr_sqlite.connection.engines import (
    create_reading_engine,
    create_writing_engine,
    reading_from,
)
from lyftr_sqlite.connection.file_identity import DatabaseReplaced, OneFile
from lyftr_sqlite.connection.lock_watch import OnLockWait, watch_copying, watch_turn
from lyftr_sqlite.connection.turns import LongWork
from lyftr_sqlite.connection.url import parse_database_url
from lyftr_sqlite.connection.wal_size import WalSize
from lyftr_sqlite.connection.writing import WritingConnection
from lyftr_sqlite.maintenance.remover import SqliteMessageRemover
from lyftr_sqlite.maintenance.scrubbing import Scrubber
from lyftr_sqlite.projections.follower import Follower
from lyftr_sqlite.reading.reader import SqliteMessageReader
from lyftr_sqlite.schema.migrate import migrate
from lyftr_sqlite.schema.revision import require_readable
from lyftr_sqlite.schema.tables import messages
from lyftr_sqlite.writer import SqliteMessageWriter

__all__ = ["SqliteReadinessProbe", "SqliteStore"]

_SELDOM = 65_536
"""The checkpointer copies the log long before it has so many pages (256 MiB)."""


class SqliteReadinessProbe(StoreProbe):
    """The `ReadinessProbe` port over SQLite.

    Args:
        engine: See `lyftr_sqlite.connection.engines.create_reading_engine`.
        writer: What commits.
    """

    def __init__(self, engine: AsyncEngine, writer: SqliteMessageWriter) -> None:
        super().__init__(lambda: _read_a_row(engine), writer)


async def _read_a_row(engine: AsyncEngine) -> None:
    async with reading_from(engine) as connection:
        await connection.execute(select(messages.c.seq).limit(1))


class SqliteStore(OpenedStore):
    """The ports over one SQLite file, for one event loop. To construct it does no I/O.

    Args:
        url: `sqlite:///FILE`.
        on_commit: Told after each commit of messages.
        on_lock_wait: Told how many seconds this process has waited for a lock that another process
            holds, `copying` or `turn`; 0 once the wait is over.
        on_log_size: Told how many bytes the write-ahead log has, a second after a commit.

    Attributes:
        path: The file, absolute: a later change of the working folder changes nothing.
        name: The same, to show to people.
        writer: The `MessageWriter`.
        reader: The `MessageReader`.
        probe: The `ReadinessProbe`.
        remover: The `MessageRemover`.

    Raises:
        ValueError: The URL is of another kind.

    Example:
        async with SqliteStore("sqlite:///inbox.db") as store:
            outcome = await store.writer.add(message, received_at=now)
    """

    def __init__(
        self,
        url: str,
        *,
        on_commit: Callable[[Commit], None] = lambda _commit: None,
        on_lock_wait: OnLockWait = lambda _lock, _seconds: None,
        on_log_size: Callable[[int], None] = lambda _size: None,
    ) -> None:
        self.path: Path = parse_database_url(url).absolute()
        super().__init__(self._migrate, partial(require_readable, self.path))
        self.name: str = str(self.path)
        self._file = OneFile(self.path)
        writing, copying = (
            create_writing_engine(self.path, self._file, autocheckpoint=_SELDOM) for _ in range(2)
        )
        reading = create_reading_engine(self.path, self._file)
        self._engines = writing, copying, reading
        connection = self._connection = WritingConnection(writing, self.path)
        self._follower = Follower(connection)
        self._checkpointer = Checkpointer(
            watch_copying(self.path, on_lock_wait),
            WalSize(self.path, on_log_size),
            WritingConnection(copying, self.path),
            connection,
            reading,
        )
        self._on_commit = on_commit
        self.writer: SqliteMessageWriter = SqliteMessageWriter(
            connection, on_commit=self._note_commit
        )
        self.reader: SqliteMessageReader = SqliteMessageReader(reading)
        turns = watch_turn(self.path, on_lock_wait)
        work = LongWork(turns, connection, self._note_step, rests_always=True)
        self._parts = self._follower, self._checkpointer, self.writer
        self.remover: SqliteMessageRemover = SqliteMessageRemover(
            work, reading, Scrubber(work, self._checkpointer)
        )
        self.probe: SqliteReadinessProbe = SqliteReadinessProbe(reading, self.writer)

    async def close(self) -> None:
        """Commit what waits, and close the file. A second call does nothing."""
        async with AsyncExitStack() as stack:  # one after the other, whatever fails
            for engine in self._engines:
                stack.push_async_callback(engine.dispose)
            stack.push_async_callback(self._connection.close)
            # All are told at once: where another process holds the lock, none begins to wait anew.
            await asyncio.gather(
                *(self._follower.close(), self._checkpointer.close(), self.writer.close()),
                self.probe.close(),
            )

    def is_in_place(self) -> bool:
        """Tell whether the file that was opened was neither deleted nor replaced."""
        try:
            self._file.require_same()
        except DatabaseReplaced:
            return False
        return True

    def _migrate(self) -> None:
        migrate(self.path)
        self._file.remember()

    def _note_commit(self, commit: Commit) -> None:
        self._follower.note_commit(commit.created)
        self._checkpointer.note_commit()
        self._on_commit(commit)

    async def _note_step(self) -> None:
        self._checkpointer.note_commit()
