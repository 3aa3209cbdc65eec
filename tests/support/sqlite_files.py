"""A database whose projections follow only as far as a test folds them."""

import asyncio
import functools
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from lyftr_core import Message
from lyftr_sql.rows import to_row
from lyftr_sqlite import SqliteMessageReader, SqliteMessageWriter, migrate
from lyftr_sqlite.connection.engines import create_reading_engine, create_writing_engine
from lyftr_sqlite.connection.writing import WritingConnection
from lyftr_sqlite.projections.folding import clear, fold
from lyftr_sqlite.projections.projections import PROJECTIONS
from lyftr_sqlite.writer import insert_batch

NAMES = tuple(projection.name for projection in PROJECTIONS)
_HANGS = 120.0
NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)


Work = Coroutine[Any, Any, None]


@contextmanager
def event_loop() -> Iterator[Callable[[Work], None]]:
    """Run coroutines one after another, as the examples of a property are; none may hang."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        yield lambda work: runner.run(asyncio.wait_for(work, _HANGS))


class Database:
    """A writer and a reader on one file, and nothing that follows by itself."""

    def __init__(
        self,
        path: Path,
        writing: WritingConnection,
        reading: AsyncEngine,
        plain: sqlite3.Connection,
    ) -> None:
        self.path = path
        self.writing = writing
        self.reading = reading
        self.writer = SqliteMessageWriter(writing)
        self.reader = SqliteMessageReader(reading)
        self.plain = plain
        """Another process, in autocommit mode."""

    async def add(self, messages: Iterable[Message]) -> None:
        """Append to the log, all in one commit."""
        rows = [to_row(message, NOW) for message in messages]
        async with self.writing.open() as connection:
            await insert_batch(connection, rows)

    async def fold(self, names: Collection[str] = NAMES, limit: int = 1_000_000) -> None:
        """Fold some projections; the others stay where they are."""
        async with self.writing.open() as connection:
            await fold(connection, [p for p in PROJECTIONS if p.name in names], limit)

    async def clear(self) -> None:
        """Empty every projection."""
        async with self.writing.open() as connection:
            for projection in PROJECTIONS:
                await clear(connection, projection)

    def watermarks(self) -> dict[str, int]:
        """Return how far each projection has come."""
        return watermarks(self.plain)


@asynccontextmanager
async def open_database(path: Path | None = None) -> AsyncIterator[Database]:
    """Open a migrated file, by default a new one for this time only."""
    with tempfile.TemporaryDirectory() as folder:
        path = path or new_file(Path(folder))
        writing, reading = create_writing_engine(path), create_reading_engine(path)
        with closing(sqlite3.connect(path, isolation_level=None)) as plain:
            database = Database(path, WritingConnection(writing, path), reading, plain)
            await database.writer.open()
            try:
                yield database
            finally:
                await database.writer.close()
                await writing.dispose()
                await reading.dispose()


def new_file(folder: Path) -> Path:
    """Make a migrated file, much faster than Alembic."""
    path = folder / "inbox.db"
    path.write_bytes(_migrated())
    return path


@functools.cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "inbox.db"
        migrate(path)
        return path.read_bytes()


def watermarks(connection: sqlite3.Connection) -> dict[str, int]:
    """Return how far each projection has come."""
    return dict(connection.execute("SELECT name, through_seq FROM projections"))


def insert_many(connection: sqlite3.Connection, count: int, text: str = "hello") -> None:
    """Append messages to the log as another process does, all in one commit."""
    connection.execute(
        """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
        INSERT INTO messages (message_id, sender, recipient, ts, text, received_at)
        SELECT 'many-' || (i + (SELECT count(*) FROM messages)), '+1' || (i % 7), '+2' || (i % 5),
            i * 1000003, ? || ' ' || i, 0 FROM n""",
        (count, text),
    )
