"""The repository contract over an adapter that is given, for adapters that break it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from lyftr_core import InMemoryMessageRepository, MessageReader, MessageWriter
from lyftr_core.testing import RepositoryContract

__all__ = ["Contract"]


class Contract(RepositoryContract):
    def __init__(self, adapter: type[InMemoryMessageRepository]) -> None:
        self._adapter = adapter

    @asynccontextmanager
    async def open_repository(self) -> AsyncGenerator[tuple[MessageWriter, MessageReader]]:
        repository = self._adapter()
        yield repository, repository
