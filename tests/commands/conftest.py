"""Commands in this process, each in a folder of its own."""

import shutil
from pathlib import Path

import pytest

from lyftr_core.message import Record
from lyftr_core.testing.strategies.samples import sample
from lyftr_runtime.settings import VARIABLES
from tests.support.command_line import lyftr_in_process
from tests.support.databases import new_url
from tests.support.migrated import new_databases_from_a_template
from tests.support.patience import answers_have_time
from tests.support.results import told
from tests.support.server import Lyftr
from tests.support.server_fixtures import database_variables, inbox, small_disk
from tests.support.stores import put_records

__all__ = [
    "answers_have_time",
    "database_variables",
    "inbox",
    "lyftr_in_process",
    "new_databases_from_a_template",
    "new_url",
    "small_disk",
]

COMPANIONS = ["-wal", "-shm", "-journal", "-lock", "-copy-lock", ".restoring", ".restoring-wal"]
LINE = '{"message_id":"m2","from":"+12","to":"+13","ts":"2026-01-15T12:00:00Z"}\n'


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("filled") / "lyftr.db"
    put_records(path, [Record(message=sample("m1"))])
    return path


@pytest.fixture
def folder(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a test and its commands are: a database with one message, and a line to take in."""
    shutil.copy(filled, tmp_path / "lyftr.db")
    monkeypatch.chdir(tmp_path)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    Path("in.jsonl").write_text(LINE)
    Path(".env").write_text("WEBHOOK_SECRET=secret\n")
    return tmp_path


def files() -> dict[str, tuple[int, bytes]]:
    """Return each file of the folder, and what it is."""
    return {
        file.name: (file.lstat().st_ino, file.read_bytes() if file.is_file() else b"")
        for file in Path().iterdir()
    }


def refused(lyftr: Lyftr, *arguments: str, **variables: str) -> str:
    """Return the one line of a command that refused and left everything alone."""
    before = files()
    status, out, err = told(lyftr(*arguments, **variables))
    assert (status != 0, out) == (True, ""), arguments
    (line,) = err.splitlines()
    assert files() == before, arguments
    return line
