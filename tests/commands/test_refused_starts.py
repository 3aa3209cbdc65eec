"""A database that cannot be used stops the start: one clear line, no traceback, nothing changed."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.faults import fill
from tests.support.server import SECRET, Lyftr, refusal
from tests.support.stores import Inbox

Show = Callable[[str], None]


@pytest.fixture
def database(inbox: Inbox, tmp_path: Path) -> Path:
    """A database with a thousand messages."""
    inbox.fill(1_000)
    return tmp_path / "lyftr.db"


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
    lyftr: Lyftr, database: Path, damage: Callable[[Path], None], show: Show
) -> None:
    damage(database)
    before = database.read_bytes() if database.is_file() else None
    show(refused_start(lyftr, database))
    assert (database.read_bytes() if database.is_file() else None) == before


def test_a_database_locked_for_longer_than_the_time_out_is_refused_in_one_line(
    lyftr: Lyftr, database: Path, show: Show
) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        line = refused_start(lyftr, database)
    show(line)
    assert "locked" in line


def test_a_full_disk_is_refused_in_one_line(lyftr: Lyftr, small_disk: Path, show: Show) -> None:
    fill(small_disk)
    line = refused_start(lyftr, small_disk / "lyftr.db")
    show(line)
    assert "full" in line or "disk I/O error" in line


def refused_start(lyftr: Lyftr, database: Path) -> str:
    """Start a server on a database, and return the one line with which it ends."""
    url = f"sqlite:///{database}"
    done = lyftr("serve", "--port", "0", WEBHOOK_SECRET=SECRET, DATABASE_URL=url)
    line = refusal(done)
    assert (done.returncode, done.stdout) == (1, b"")
    assert str(database) in line
    return line.replace(str(database), "FILE")
