"""The contract in a project of its own, under each plugin that runs coroutines."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

TEST_FILE = """
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from lyftr_core import InMemoryMessageRepository, MessageReader, MessageWriter
from lyftr_core.testing import RepositoryContract

{adapter}

{mark}
class TestMyRepository(RepositoryContract):
    @asynccontextmanager
    async def open_repository(self) -> AsyncIterator[tuple[MessageWriter, MessageReader]]:
        repository = MyRepository()
        yield repository, repository
"""
RIGHT = "MyRepository = InMemoryMessageRepository"
WRONG = """
class MyRepository(InMemoryMessageRepository):
    async def conflicts(self, limit):
        return ()
"""
NO_ASYNCIO = ("-p", "no:asyncio")
LOOP_SCOPE = ("-o", "asyncio_default_fixture_loop_scope=function")  # it warns where that is unset
PLUGINS = pytest.mark.parametrize(
    ("mark", "arguments"),
    [
        pytest.param("@pytest.mark.asyncio", LOOP_SCOPE, id="asyncio-strict"),
        pytest.param("", (*LOOP_SCOPE, "-o", "asyncio_mode=auto"), id="asyncio-auto"),
        pytest.param("@pytest.mark.anyio", NO_ASYNCIO, id="anyio"),
    ],
)


def run_pytest(folder: Path, *arguments: str, mark: str, adapter: str = RIGHT) -> str:
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_it.py").write_text(TEST_FILE.format(mark=mark, adapter=adapter))
    # Other plugins are no part of such a project.
    without = [f"-pno:{name}" for name in ("cacheprovider", "cov", "xdist", "schemathesis")]
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", *without, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@PLUGINS
def test_contract_passes_under_each_plugin(
    mark: str, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    output = run_pytest(tmp_path, *arguments, mark=mark)
    summary = output.splitlines()[-1]
    assert re.fullmatch(r"1\d\d passed in .*", summary), output


@PLUGINS
def test_contract_fails_under_each_plugin(
    mark: str, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    chosen = ("-k", "every_id_comes_back or any_sequence")
    output = run_pytest(tmp_path, *arguments, *chosen, mark=mark, adapter=WRONG)
    assert output.splitlines()[-1].startswith("2 failed, 1"), output
    assert "state = " in output
    assert "state.conflicts(limit=" in output


def test_contract_without_a_plugin_says_what_it_needs(tmp_path: Path) -> None:
    output = run_pytest(tmp_path, *NO_ASYNCIO, "-p", "no:anyio", "-x", mark="")
    assert "async def functions are not natively supported" in output
