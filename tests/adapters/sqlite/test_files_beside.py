"""What lies beside a database is never destroyed by a reader, nor the cause of a wrong answer."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lyftr_core import SchemaMismatch, StorageUnavailable
from lyftr_sqlite import SqliteStore, check, migrate
from lyftr_sqlite.connection.obstacles import may
from lyftr_sqlite.connection.read_access import open_to_read
from lyftr_sqlite.maintenance.restore import restore
from tests.adapters.sqlite.users import ADD, as_nobody, as_owner, needs_two_users, to_do, told

_NOW = datetime(2026, 1, 15, tzinfo=UTC)


@pytest.fixture(autouse=True)
def new_databases_from_a_template() -> None:
    """Here every database is migrated, not copied."""


@needs_two_users
def test_a_writer_that_begins_while_the_reader_chooses_how_to_open_is_seen(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "inbox.db"
    migrate(path)
    path.chmod(0o644)
    writers: list[sqlite3.Connection] = []

    def look_late(file: Path, mode: int) -> bool:
        if not writers:
            with as_owner():
                writers.append(sqlite3.connect(path, isolation_level=None))
                writers[0].execute(ADD, ["m1"])
        return may(file, mode)

    monkeypatch.setattr("lyftr_sqlite.connection.read_access.may", look_late)
    with as_nobody():
        with pytest.raises(StorageUnavailable, match="another process wrote to it"):
            _count(path)
        assert _count(path) == 1
    writers[0].close()


def _count(path: Path) -> int:
    with open_to_read(path) as database:
        return int(database.execute("SELECT count(*) FROM messages").fetchone()[0])


_CUT_OFF = """
import os, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA journal_mode=DELETE")
database.execute("PRAGMA cache_size=1")
database.execute("BEGIN")
database.execute("UPDATE messages SET text = hex(zeroblob(30000))")
os._exit(9)
"""


@pytest.mark.parametrize("mode", [0o444, 0o400], ids=["readable journal", "another's journal"])
def test_an_unfinished_transaction_is_refused(
    live: sqlite3.Connection, tmp_path: Path, folder: Path, mode: int
) -> None:
    live.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path, journal = folder / "copy.db", folder / "copy.db-journal"
    shutil.copy(tmp_path / "live.db", path)
    subprocess.run([sys.executable, "-c", _CUT_OFF, path], check=False)
    path.chmod(0o444)
    journal.chmod(mode)
    folder.chmod(0o555)
    sentence = told(lambda: list(check(path)))
    assert f"cannot read {path}: {journal} holds an unfinished transaction" in sentence
    with tempfile.TemporaryDirectory() as others:
        Path(others).chmod(0o777)
        sentence = told(lambda: restore(Path(others) / "restored.db", path, now=_NOW))
        assert f"{journal} holds an unfinished transaction" in sentence
    folder.chmod(0o755)
    path.chmod(0o644)
    assert _count(path) == 1  # as who may write: SQLite rolls back
    assert not journal.exists()


@pytest.mark.parametrize("left", [b"", b"\0" * 1024], ids=["truncated", "zeroed"])
def test_the_journal_of_a_finished_transaction_is_not_in_the_way(
    live: sqlite3.Connection, tmp_path: Path, folder: Path, left: bytes
) -> None:
    live.execute(ADD, ["in the log"])
    path = folder / "copy.db"
    for end in ("", "-wal"):
        shutil.copy(f"{tmp_path / 'live.db'}{end}", f"{path}{end}")
        Path(f"{path}{end}").chmod(0o444)
    Path(f"{path}-journal").write_bytes(left)
    folder.chmod(0o555)
    with as_nobody():
        assert _count(path) == 2


@pytest.mark.parametrize("end", ["", "-wal"], ids=["database", "log"])
@pytest.mark.parametrize("content", ["a log", "nothing valid"])
def test_no_reader_deletes_a_log(
    live: sqlite3.Connection, tmp_path: Path, folder: Path, content: str, end: str
) -> None:
    """SQLite deletes one beside an empty database, and one whose last connection closes."""
    live.execute(ADD, ["in the log"])
    path, log = folder / "copy.db", folder / "copy.db-wal"
    shutil.copy(tmp_path / "live.db", path)
    shutil.copy(tmp_path / "live.db-wal", log)
    if content == "nothing valid":
        log.write_bytes(b"\1" * 5_000)
    if not end:
        path.write_bytes(b"")
    before = log.read_bytes()
    log.chmod(0o666)
    folder.chmod(0o777)
    for mode in (0o444,) if end else (0o444, 0o666):
        path.chmod(mode)
        with as_nobody(), suppress(StorageUnavailable, SchemaMismatch):
            assert list(check(path))
        assert log.read_bytes() == before


def test_a_database_without_the_permission_that_its_log_has_is_refused(
    live: sqlite3.Connection, tmp_path: Path, folder: Path
) -> None:
    live.execute(ADD, ["in the log"])
    path, log = folder / "copy.db", folder / "copy.db-wal"
    shutil.copy(tmp_path / "live.db", path)
    shutil.copy(tmp_path / "live.db-wal", log)
    path.chmod(0o444)
    log.chmod(0o666)
    folder.chmod(0o777)
    sentence = told(lambda: _count(path))
    assert sentence.startswith(
        f"cannot read {path}: SQLite might delete {log} when it closes, since "
    )
    assert sentence.endswith(f"mode 0444); {to_do(path, 'w')}, or make {log} read-only too")
    log.chmod(0o444)
    with as_nobody():
        assert _count(path) == 2


@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal"])
@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "pipe"])
@pytest.mark.parametrize("mode", [0o444, 0o666])
async def test_what_is_no_file_beside_the_database_is_named(
    folder: Path, end: str, make: Callable[[Path], None], mode: int
) -> None:
    path, other = folder / "inbox.db", folder / f"inbox.db{end}"
    folder.chmod(0o777)
    with as_nobody():
        migrate(path)
        path.chmod(mode)
        make(other)
        kind = "a folder, not a regular file" if other.is_dir() else "not a regular file"
        why = f" {path}: {other} is {kind}; move it away"
        for action in (lambda: list(check(path)), lambda: migrate(path)):
            with pytest.raises(StorageUnavailable) as refused:
                action()
            assert str(refused.value).endswith(why)
        with pytest.raises(StorageUnavailable, match=re.escape(why)):
            await SqliteStore(f"sqlite:///{path}").reader.last_seq()
