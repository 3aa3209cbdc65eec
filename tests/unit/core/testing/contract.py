"""The repository contract over an adapter that is given, for adapters that break it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from lyftr_core import InMemoryMessageRepository, MessageReader, MessageRemover, MessageWriter
from lyftr_core.testing import RemovalContract, RepositoryContract

__all__ = ["Contract", "assert_fails"]


class Contract(RepositoryContract, RemovalContract):
    def __init__(self, adapter: type[InMemoryMessageRepository]) -> None:
        self._adapter = adapter

    @asynccontextmanager
    async def open_repository(self) -> AsyncGenerator[tuple[MessageWriter, MessageReader]]:
        repository = self._adapter()
        yield repository, repository

    @asynccontextmanager
    async def open_removable(
        self,
    ) -> AsyncGenerator[tuple[MessageWriter, MessageReader, MessageRemover]]:
        repository = self._adapter()
        yield repository, repository, repository


async def assert_fails(
    adapter: type[InMemoryMessageRepository], name: str, arguments: dict[str, object]
) -> None:
    """See that a test of the contract finds what is wrong with an adapter."""
    check = getattr(Contract(adapter), name)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        await check(**arguments)
