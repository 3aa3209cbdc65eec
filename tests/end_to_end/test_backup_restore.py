"""`lyftr backup` and `lyftr restore`, with real servers: what is acknowledged is not lost."""

import os
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from lyftr_core.records import Record
from lyftr_core.testing.samples import NOON, sample
from lyftr_sqlite import check, migrate
from lyftr_sqlite.importing import open_importer
from tests.end_to_end.conftest import (
    LYFTR,
    PATIENCE,
    SECRET,
    Lyftr,
    Serve,
    environment,
    refusal,
)
from tests.end_to_end.load import Load
from tests.end_to_end.stored import assert_nothing_wrong


def ok(done: subprocess.CompletedProcess[bytes]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def fill(path: Path, *names: str) -> None:
    with open_importer(path) as importer:
        importer.add([Record(message=sample(name)) for name in names], received_at=NOON)
        importer.finish()


def names(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as database:
        return {row[0] for row in database.execute("SELECT message_id FROM messages")}


def kept(folder: Path) -> list[Path]:
    return sorted(folder.glob("lyftr.db.before-*"))


@pytest.mark.once
def test_a_backup_under_load_holds_what_was_acknowledged_before_and_comes_back(
    serve: Serve, lyftr: Lyftr, tmp_path: Path
) -> None:
    with serve() as server, Load(server.port, SECRET, "m") as load:
        load.wait_for(500)
        before = set(load.acknowledged)
        ok(lyftr("backup", "--check", "backup.db"))
        load.wait_for(200)
        assert "is in use: stop the server first" in refusal(lyftr("restore", "backup.db"))
        load.wait_for(200)
        load.stop()
    backup = tmp_path / "backup.db"
    assert backup.stat().st_mode & 0o777 == 0o600
    backed_up = names(backup)
    assert before <= backed_up
    everything = names(tmp_path / "lyftr.db")
    assert set(load.acknowledged) <= everything
    ok(lyftr("restore", "backup.db"))
    assert names(tmp_path / "lyftr.db") == backed_up
    (old,) = kept(tmp_path)
    assert names(old) == everything
    with serve() as server:
        assert server.deliver("after").status_code == 200
    assert_nothing_wrong(tmp_path / "lyftr.db")


def test_a_backup_is_whole_or_not_there(lyftr: Lyftr, tmp_path: Path) -> None:
    fill(tmp_path / "lyftr.db", "a")
    (tmp_path / "backup.db.part").write_bytes(b"left by a run that was killed")
    ok(lyftr("backup", "backup.db"))
    assert names(tmp_path / "backup.db") == {"a"}
    fill(tmp_path / "lyftr.db", "b")
    assert "is there already" in refusal(lyftr("backup", "backup.db"))
    assert names(tmp_path / "backup.db") == {"a"}
    ok(lyftr("backup", "--force", "backup.db"))
    assert names(tmp_path / "backup.db") == {"a", "b"}
    assert not list(tmp_path.glob("backup.db?*"))


def test_a_backup_holds_what_a_killed_server_left_in_its_log(
    serve: Serve, lyftr: Lyftr, tmp_path: Path
) -> None:
    with serve() as server:
        for number in range(5):
            server.deliver(f"m{number}").raise_for_status()
        server.stop(signal.SIGKILL)
    ok(lyftr("backup", "backup.db"))
    assert names(tmp_path / "backup.db") == {f"m{number}" for number in range(5)}


def test_what_is_no_backup_changes_nothing(lyftr: Lyftr, tmp_path: Path) -> None:
    database = tmp_path / "lyftr.db"
    fill(database, "a")
    ok(lyftr("backup", "good.db"))
    (tmp_path / "text.db").write_bytes(b"no database " * 1_000)
    (tmp_path / "empty.db").touch()
    (tmp_path / "cut.db").write_bytes((tmp_path / "good.db").read_bytes()[:20_480])
    shutil.copy(tmp_path / "good.db", tmp_path / "newer.db")
    with closing(sqlite3.connect(tmp_path / "newer.db")) as newer, newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
    there = set(tmp_path.iterdir())
    for name in ("text.db", "empty.db", "cut.db", "newer.db"):
        refusal(lyftr("restore", name))
        assert names(database) == {"a"}
        assert set(tmp_path.iterdir()) == there


def test_a_restore_puts_right_what_follows_from_the_messages(lyftr: Lyftr, tmp_path: Path) -> None:
    fill(tmp_path / "lyftr.db", "a", "b")
    ok(lyftr("backup", "backup.db"))
    with closing(sqlite3.connect(tmp_path / "backup.db")) as backup, backup:
        backup.execute("DELETE FROM messages_by_ts")
    ok(lyftr("restore", "backup.db"))
    assert_nothing_wrong(tmp_path / "lyftr.db")
    assert not list(tmp_path.glob("*restoring*"))


def test_a_damaged_database_is_kept_with_its_log_and_replaced(lyftr: Lyftr, tmp_path: Path) -> None:
    database = tmp_path / "lyftr.db"
    fill(database, "a")
    ok(lyftr("backup", "backup.db"))
    database.write_bytes(b"damaged" * 1_000)
    database.with_name("lyftr.db-wal").write_bytes(b"its log")
    ok(lyftr("restore", "backup.db"))
    assert names(database) == {"a"}
    assert {file.read_bytes()[:7] for file in kept(tmp_path)} == {b"damaged", b"its log"}
    assert_nothing_wrong(database)


def test_a_database_that_is_gone_comes_back(lyftr: Lyftr, tmp_path: Path) -> None:
    database = tmp_path / "lyftr.db"
    fill(database, "a")
    ok(lyftr("backup", "backup.db"))
    database.unlink()
    log = database.with_name("lyftr.db-wal")
    log.write_bytes(b"of another database")
    assert "lyftr.db-wal is left of another database" in refusal(lyftr("restore", "backup.db"))
    log.unlink()
    ok(lyftr("restore", "backup.db"))
    assert names(database) == {"a"}
    assert kept(tmp_path) == []


@pytest.mark.once
def test_a_restore_killed_at_any_moment_leaves_the_old_database_or_the_new(
    lyftr: Lyftr, tmp_path: Path
) -> None:
    database = tmp_path / "lyftr.db"
    fill(database, "backed up")
    ok(lyftr("backup", "backup.db"))
    fill(database, "later")
    began = time.monotonic()
    ok(lyftr("restore", "backup.db"))
    takes = time.monotonic() - began
    for step in range(12):
        migrate(database)
        fill(database, "later")
        process = subprocess.Popen(
            [*LYFTR, "restore", "backup.db"],
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(takes * (0.4 + 0.05 * step))  # any moment will do
        process.kill()
        process.wait(PATIENCE)
        assert names(database) in ({"backed up", "later"}, {"backed up"})
        assert [finding for finding in check(database) if finding.faults] == []
    assert {"backed up", "later"} in [names(old) for old in kept(tmp_path)]
    ok(lyftr("restore", "backup.db"))
    assert names(database) == {"backed up"}
    assert not (tmp_path / "lyftr.db.restoring").exists()


@pytest.mark.once
def test_a_backup_killed_at_any_moment_is_whole_or_not_there(lyftr: Lyftr, tmp_path: Path) -> None:
    fill(tmp_path / "lyftr.db", "a")
    target = tmp_path / "backup.db"
    for step in range(8):
        process = subprocess.Popen(
            [*LYFTR, "backup", "--force", "backup.db"],
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.DEVNULL,
        )
        time.sleep(0.2 * step)  # any moment will do
        os.kill(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)
        assert not target.exists() or names(target) == {"a"}
    ok(lyftr("backup", "--force", "backup.db"))
    assert names(target) == {"a"}
