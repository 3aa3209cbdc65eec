"""A project of its own with the contract in it, tested as its owner would."""

import subprocess
import sys
from pathlib import Path

__all__ = ["NO_ASYNCIO", "RIGHT", "WRONG", "run_pytest"]

TEST_FILE = """
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from lyftr_core import InMemoryMessageRepository, MessageReader, MessageWriter
from lyftr_core.testing import RepositoryContract

{adapter}

{mark}
class TestMyRepository(RepositoryContract):
    @asynccontextmanager
    async def open_repository(self) -> AsyncGenerator[tuple[MessageWriter, MessageReader]]:
        repository = MyRepository()
        yield repository, repository
"""
RIGHT = "MyRepository = InMemoryMessageRepository"
WRONG = """
class MyRepository(InMemoryMessageRepository):
    async def conflicts(self, limit):
        return (None,)
"""
NO_ASYNCIO = ("-p", "no:asyncio")


def run_pytest(folder: Path, *arguments: str, mark: str, adapter: str = RIGHT) -> str:
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_it.py").write_text(TEST_FILE.format(mark=mark, adapter=adapter))
    # Other plugins are no part of such a project.
    without = [f"-pno:{name}" for name in ("cacheprovider", "cov", "xdist", "schemathesis")]
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", *without, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr
