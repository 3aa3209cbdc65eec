"""One SQLite file with everything that works on it, from open to close."""

import asyncio
from types import TracebackType
from typing import Self

from lyftr_sqlite.engines import create_reading_engine, create_writing_engine
from lyftr_sqlite.file_identity import OneFile
from lyftr_sqlite.migration import migrate
from lyftr_sqlite.probe import SqliteReadinessProbe
from lyftr_sqlite.reader import SqliteMessageReader
from lyftr_sqlite.url import parse_database_url
from lyftr_sqlite.writer import SqliteMessageWriter

__all__ = ["SqliteStore"]


class SqliteStore:
    """The ports over one SQLite file, for one event loop. To construct it does no I/O.

    Args:
        url: `sqlite:///FILE`.

    Attributes:
        path: The file, absolute: a later change of the working folder changes nothing.
        writer: The `MessageWriter`.
        reader: The `MessageReader`.
        probe: The `ReadinessProbe`.

    Raises:
        ValueError: The URL is of another kind.

    Example:
        async with SqliteStore("sqlite:///inbox.db") as store:
            outcome = await store.writer.add(message, received_at=now)
    """

    def __init__(self, url: str) -> None:
        self.path = parse_database_url(url).absolute()
        self._file = OneFile(self.path)
        writing = create_writing_engine(self.path, self._file)
        reading = create_reading_engine(self.path, self._file)
        self._engines = writing, reading
        self.writer = SqliteMessageWriter(writing, self.path)
        self.reader = SqliteMessageReader(reading)
        self.probe = SqliteReadinessProbe(reading, self.writer)

    async def open(self) -> None:
        """Bring the schema up to date and begin to write.

        Raises:
            StorageUnavailable: The file cannot be opened, locked or written.
            SchemaMismatch: The database is newer than this program, or SQLite is too old.
        """
        await asyncio.to_thread(migrate, self.path)
        self._file.remember()
        await self.writer.open()

    async def close(self) -> None:
        """Commit what waits, and close the file. A second call does nothing."""
        try:
            await self.writer.close()
        finally:
            for engine in self._engines:
                await engine.dispose()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
