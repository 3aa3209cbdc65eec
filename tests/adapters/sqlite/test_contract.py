"""The SQLite store keeps everything that the ports promise."""

import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from lyftr_core import MessageReader, MessageWriter
from lyftr_core.testing import RepositoryContract
from lyftr_sqlite import SqliteStore


class TestSqliteRepository(RepositoryContract):
    @asynccontextmanager
    async def open_repository(self) -> AsyncGenerator[tuple[MessageWriter, MessageReader]]:
        with tempfile.TemporaryDirectory() as folder:
            async with SqliteStore(f"sqlite:///{folder}/inbox.db") as store:
                yield store.writer, store.reader
