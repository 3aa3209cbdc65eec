"""Removing from SQLite: the contract, and what is left in the files."""

import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from lyftr_core import MessageReader, MessageRemover, MessageWriter
from lyftr_core.testing import RemovalContract
from lyftr_sqlite import SqliteStore


class TestRemovalFromSqlite(RemovalContract):
    @asynccontextmanager
    async def open_removable(
        self,
    ) -> AsyncGenerator[tuple[MessageWriter, MessageReader, MessageRemover]]:
        with tempfile.TemporaryDirectory() as folder:
            async with SqliteStore(f"sqlite:///{folder}/inbox.db") as store:
                yield store.writer, store.reader, store.remover
