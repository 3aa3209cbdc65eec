"""The PostgreSQL store keeps everything that the ports promise."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from lyftr_core import MessageReader, MessageRemover, MessageWriter
from lyftr_core.testing import RemovalContract, RepositoryContract
from lyftr_postgres import PostgresStore
from tests.adapters.postgres.conftest import NewDatabase


class _Opening:
    @pytest.fixture(autouse=True)
    def _use(self, migrated_database: NewDatabase) -> None:
        self._new_database = migrated_database


class TestPostgresRepository(_Opening, RepositoryContract):
    @asynccontextmanager
    async def open_repository(self) -> AsyncGenerator[tuple[MessageWriter, MessageReader]]:
        with self._new_database() as url:
            async with PostgresStore(url) as store:
                yield store.writer, store.reader


class TestRemovalFromPostgres(_Opening, RemovalContract):
    @asynccontextmanager
    async def open_removable(
        self,
    ) -> AsyncGenerator[tuple[MessageWriter, MessageReader, MessageRemover]]:
        with self._new_database() as url:
            async with PostgresStore(url) as store:
                yield store.writer, store.reader, store.remover
