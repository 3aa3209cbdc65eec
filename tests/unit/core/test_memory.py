from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from lyftr_core import InMemoryMessageRepository, MessageReader, MessageWriter
from lyftr_core.testing import RepositoryContract


class TestInMemoryMessageRepository(RepositoryContract):
    @asynccontextmanager
    async def open_repository(self) -> AsyncGenerator[tuple[MessageWriter, MessageReader]]:
        repository = InMemoryMessageRepository()
        yield repository, repository


async def test_memory_is_always_ready() -> None:
    assert await InMemoryMessageRepository().check() is None
