"""A database that cannot be used stops the start: one clear line, no traceback, nothing changed."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from lyftr_sqlite import migrate
from tests.end_to_end.conftest import LYFTR, PATIENCE, SECRET, environment
from tests.end_to_end.faults import fill
from tests.sqlite.databases import insert_many

Show = Callable[[str], None]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database with a thousand messages."""
    path = tmp_path / "lyftr.db"
    migrate(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        insert_many(connection, 1_000)
    return path


def overwritten_header(database: Path) -> None:
    with database.open("r+b") as file:
        file.write(b"no database any more")


def overwritten_schema(database: Path) -> None:
    with database.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 3_000)


def truncated(database: Path) -> None:
    with database.open("r+b") as file:
        file.truncate(database.stat().st_size // 2)


def truncated_within_the_header(database: Path) -> None:
    with database.open("r+b") as file:
        file.truncate(50)


def a_folder(database: Path) -> None:
    database.unlink()
    database.mkdir()


DAMAGES = [overwritten_header, overwritten_schema, truncated, truncated_within_the_header, a_folder]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_corrupt_database_is_refused_in_one_line_and_left_as_it_is(
    database: Path, damage: Callable[[Path], None], show: Show
) -> None:
    damage(database)
    before = database.read_bytes() if database.is_file() else None
    show(refusal(database))
    assert (database.read_bytes() if database.is_file() else None) == before


def test_a_database_locked_for_longer_than_the_time_out_is_refused_in_one_line(
    database: Path, show: Show
) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        line = refusal(database)
    show(line)
    assert "locked" in line


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
def read_only(database: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A database that may not be written, in a folder that may not either, or only that."""
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
    line = refusal(read_only, restricted)
    show(line)
    assert "readonly" in line


def test_a_folder_that_may_not_be_written_is_refused_in_one_line(
    tmp_path: Path, restricted: list[str], show: Show
) -> None:
    tmp_path.chmod(0o555)
    show(refusal(tmp_path / "lyftr.db", restricted))
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_refused_in_one_line(small_disk: Path, show: Show) -> None:
    fill(small_disk)
    line = refusal(small_disk / "lyftr.db")
    show(line)
    assert "full" in line or "disk I/O error" in line


def refusal(database: Path, prefix: list[str] | None = None) -> str:
    """Start a server on a database, and return the one line with which it ends."""
    done = subprocess.run(
        [*(prefix or []), *LYFTR, "serve", "--port", "0"],
        env=environment(WEBHOOK_SECRET=SECRET, DATABASE_URL=f"sqlite:///{database}"),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert done.stdout == ""
    assert str(database) in line
    return line.replace(str(database), "FILE")
