"""A database that is corrupt or read-only ends a real `lyftr serve` in one line, also for root."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.support.server import LYFTR, PATIENCE, SECRET, environment, refusal
from tests.support.stores import Inbox

Show = Callable[[str], None]


@pytest.fixture
def restricted() -> list[str]:
    """What begins a command that may write only what the modes of the files allow, as root too."""
    if not sys.platform.startswith("linux"):
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("setpriv is missing")
    return [setpriv, "--bounding-set=-dac_override", "--"]


@pytest.fixture
def read_only(inbox: Inbox, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A database that may not be written, in a folder that may not either, or only that."""
    inbox.fill(1)
    database = tmp_path / "lyftr.db"
    database.chmod(0o444)
    database.parent.chmod(request.param)
    yield database
    database.parent.chmod(0o755)


@pytest.mark.parametrize(
    "read_only", [0o755, 0o555], ids=["file", "file and folder"], indirect=True
)
def test_a_read_only_database_is_refused_in_one_line(
    read_only: Path, restricted: list[str], show: Show
) -> None:
    line = refused_start(read_only, restricted)
    show(line)
    assert "readonly" in line


def test_a_folder_that_may_not_be_written_is_refused_in_one_line(
    tmp_path: Path, restricted: list[str], show: Show
) -> None:
    tmp_path.chmod(0o555)
    show(refused_start(tmp_path / "lyftr.db", restricted))
    assert list(tmp_path.iterdir()) == []


def test_a_corrupt_database_ends_the_process_in_one_line(
    inbox: Inbox, tmp_path: Path, show: Show
) -> None:
    inbox.fill(1_000)
    database = tmp_path / "lyftr.db"
    with database.open("r+b") as file:
        file.truncate(database.stat().st_size // 2)
    line = refused_start(database)
    show(line)
    assert "malformed" in line


def refused_start(database: Path, prefix: Sequence[str] = ()) -> str:
    """Start a server on a database, and return the one line with which it ends."""
    done = subprocess.run(
        [*prefix, *LYFTR, "serve", "--port", "0"],
        env=environment(WEBHOOK_SECRET=SECRET, DATABASE_URL=f"sqlite:///{database}"),
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    line = refusal(done)
    assert (done.returncode, done.stdout) == (1, b"")
    assert str(database) in line
    return line.replace(str(database), "FILE")
