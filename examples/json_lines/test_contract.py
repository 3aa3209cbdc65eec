"""The test of an adapter: the whole contract, for one method."""

import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from examples.json_lines.repository import JsonLinesRepository
from lyftr_core import MessageReader, MessageWriter
from lyftr_core.testing import RepositoryContract


class TestJsonLinesRepository(RepositoryContract):
    """Every test of the contract, over a file."""

    @asynccontextmanager
    async def open_repository(self) -> AsyncGenerator[tuple[MessageWriter, MessageReader]]:
        """Open an empty repository."""
        with tempfile.TemporaryDirectory() as folder:
            async with JsonLinesRepository.open(Path(folder, "inbox.jsonl")) as repository:
                yield repository, repository.reader
