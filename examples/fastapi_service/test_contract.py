"""The service's storage keeps everything that the ports promise."""

import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from examples.fastapi_service.repository import SqliteRepository
from lyftr_core import MessageReader, MessageWriter
from lyftr_core.testing import RepositoryContract


class TestSqliteRepository(RepositoryContract):
    """Every test of the contract, over a file."""

    @asynccontextmanager
    async def open_repository(self) -> AsyncGenerator[tuple[MessageWriter, MessageReader]]:
        """Open an empty repository."""
        with tempfile.TemporaryDirectory() as folder:
            async with SqliteRepository(Path(folder, "inbox.db")) as repository:
                yield repository, repository
