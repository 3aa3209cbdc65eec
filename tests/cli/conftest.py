"""Commands in this process, beside a real database in a folder of their own."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lyftr_core.records import Record
from lyftr_core.testing.samples import NOON, sample
from lyftr_http.cli import run
from lyftr_http.settings import VARIABLES
from lyftr_sqlite.importing import open_importer

COMPANIONS = ["-wal", "-shm", "-journal", "-lock", "-copy-lock", ".restoring", ".restoring-wal"]
LINE = '{"message_id":"m2","from":"+12","to":"+13","ts":"2026-01-15T12:00:00Z"}\n'
Lyftr = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("filled") / "lyftr.db"
    with open_importer(path) as importer:
        importer.add([Record(message=sample("m1"))], received_at=NOON)
        importer.finish()
    return path


@pytest.fixture
def lyftr(
    filled: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Lyftr:
    """Runs a command beside a database with one message: its status, output and errors."""
    shutil.copy(filled, tmp_path / "lyftr.db")
    monkeypatch.chdir(tmp_path)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WEBHOOK_SECRET", "secret")
    Path("in.jsonl").write_text(LINE)

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["lyftr", *arguments])
        try:
            run()
        except SystemExit as end:
            status = int(end.code or 0)
        else:
            status = 0
        return status, *capsys.readouterr()

    return call


def files() -> dict[str, tuple[int, bytes]]:
    """Return each file of the folder, and what it is."""
    return {
        file.name: (file.lstat().st_ino, file.read_bytes() if file.is_file() else b"")
        for file in Path().iterdir()
    }


def refused(lyftr: Lyftr, *arguments: str) -> str:
    """Return the one line of a command that refused and left everything alone."""
    before = files()
    status, out, err = lyftr(*arguments)
    assert (status != 0, out) == (True, ""), arguments
    (line,) = err.splitlines()
    assert files() == before, arguments
    return line
