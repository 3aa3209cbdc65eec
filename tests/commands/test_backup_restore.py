"""`lyftr backup` and `lyftr restore`: a whole database, or the one before."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from lyftr_core.testing.strategies.samples import sample
from tests.support.databases import names
from tests.support.results import ok
from tests.support.server import (
    Lyftr,
    refusal,
)
from tests.support.stored import assert_nothing_wrong
from tests.support.stores import Inbox


def kept(folder: Path) -> list[Path]:
    return sorted(folder.glob("lyftr.db.before-*"))


def test_a_backup_is_whole_or_not_there(lyftr: Lyftr, inbox: Inbox, tmp_path: Path) -> None:
    inbox.add(sample("a"))
    (tmp_path / "backup.db.part").write_bytes(b"left by a run that was killed")
    ok(lyftr("backup", "backup.db"))
    assert names(tmp_path / "backup.db") == {"a"}
    inbox.add(sample("b"))
    assert "is there already" in refusal(lyftr("backup", "backup.db"))
    assert names(tmp_path / "backup.db") == {"a"}
    ok(lyftr("backup", "--force", "backup.db"))
    assert names(tmp_path / "backup.db") == {"a", "b"}
    assert not list(tmp_path.glob("backup.db?*"))


def test_what_is_no_backup_changes_nothing(lyftr: Lyftr, inbox: Inbox, tmp_path: Path) -> None:
    database = tmp_path / "lyftr.db"
    inbox.add(sample("a"))
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


def test_a_restore_puts_right_what_follows_from_the_messages(
    lyftr: Lyftr, inbox: Inbox, tmp_path: Path
) -> None:
    inbox.add(sample("a"), sample("b"))
    ok(lyftr("backup", "backup.db"))
    with closing(sqlite3.connect(tmp_path / "backup.db")) as backup, backup:
        backup.execute("DELETE FROM messages_by_ts")
    ok(lyftr("restore", "backup.db"))
    assert_nothing_wrong(tmp_path / "lyftr.db")
    assert not list(tmp_path.glob("*restoring*"))


def test_a_damaged_database_is_kept_with_its_log_and_replaced(
    lyftr: Lyftr, inbox: Inbox, tmp_path: Path
) -> None:
    database = tmp_path / "lyftr.db"
    inbox.add(sample("a"))
    ok(lyftr("backup", "backup.db"))
    database.write_bytes(b"damaged" * 1_000)
    database.with_name("lyftr.db-wal").write_bytes(b"its log")
    ok(lyftr("restore", "backup.db"))
    assert names(database) == {"a"}
    assert {file.read_bytes()[:7] for file in kept(tmp_path)} == {b"damaged", b"its log"}
    assert_nothing_wrong(database)


def test_a_database_that_is_gone_comes_back(lyftr: Lyftr, inbox: Inbox, tmp_path: Path) -> None:
    database = tmp_path / "lyftr.db"
    inbox.add(sample("a"))
    ok(lyftr("backup", "backup.db"))
    database.unlink()
    log = database.with_name("lyftr.db-wal")
    log.write_bytes(b"of another database")
    assert "lyftr.db-wal is left of another database" in refusal(lyftr("restore", "backup.db"))
    log.unlink()
    ok(lyftr("restore", "backup.db"))
    assert names(database) == {"a"}
    assert kept(tmp_path) == []
