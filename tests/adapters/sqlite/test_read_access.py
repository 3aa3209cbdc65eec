"""Readers of a database that they may not write: every answer is right, and no file is made."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lyftr_core import Removal, StorageUnavailable
from lyftr_core.selection import LogSelection, MessageFilter
from lyftr_sqlite import SqliteStore, check, migrate
from lyftr_sqlite.connection.read_access import open_to_read
from lyftr_sqlite.maintenance.backup import back_up
from lyftr_sqlite.maintenance.log_copy import open_log_source
from lyftr_sqlite.maintenance.restore import restore
from tests.adapters.sqlite.users import ADD, as_nobody, as_owner, needs_two_users, to_do, told
from tests.support.stored import assert_nothing_wrong

_NOW = datetime(2026, 1, 15, tzinfo=UTC)
_KINDS = {
    "no log": ("",),
    "an empty log": ("", "-wal"),
    "a log": ("", "-wal"),
    "a log and its index": ("", "-wal", "-shm"),
    "an index alone": ("", "-shm"),
}


@pytest.fixture(params=_KINDS)
def copy(
    live: sqlite3.Connection, tmp_path: Path, folder: Path, request: pytest.FixtureRequest
) -> tuple[Path, int]:
    """A read-only copy of such files, and how many messages it has."""
    path = folder / "copy.db"
    has_log = "a log" in request.param
    if has_log:
        live.execute(ADD, ["in the log"])
    for end in _KINDS[request.param]:
        shutil.copy(f"{tmp_path / 'live.db'}{end}", f"{path}{end}")
        Path(f"{path}{end}").chmod(0o444)
    return path, 2 if has_log else 1


@pytest.fixture(params=[0o555, 0o777], ids=["read-only folder", "writable folder"])
def read_only(
    copy: tuple[Path, int], folder: Path, request: pytest.FixtureRequest
) -> Iterator[tuple[Path, int]]:
    """Such a copy, as seen by a user who may not write it."""
    names = sorted(folder.iterdir())
    folder.chmod(request.param)
    with as_nobody():
        yield copy
    assert sorted(folder.iterdir()) == names


async def test_every_reader_of_a_store_answers(read_only: tuple[Path, int]) -> None:
    path, count = read_only
    async with SqliteStore(f"sqlite:///{path}").reading() as store:
        run = await store.reader.read_log(LogSelection(filter=MessageFilter(), after=0, limit=5))
        assert len(run.messages) == await store.reader.last_seq() == count
        assert (await store.reader.stats()).total_messages == count
        assert await store.reader.conflicts(1) == ()
        assert await store.remover.count(Removal(number="+12")) == count


def test_it_can_be_checked_and_copied(read_only: tuple[Path, int], tmp_path: Path) -> None:
    path, count = read_only
    with open_log_source(path) as source:
        assert source.count() == count
    assert [finding for finding in check(path) if finding.subject in {"file", "messages"}]
    with tempfile.TemporaryDirectory() as others:
        target = Path(others) / "backup.db"
        target.touch()
        back_up(path, target)
        with closing(sqlite3.connect(target)) as backup:
            assert backup.execute("SELECT count(*) FROM messages").fetchone() == (count,)


async def test_who_may_not_write_reads_beside_a_writer_without_a_file_of_their_own(
    folder: Path,
) -> None:
    path = folder / "inbox.db"
    folder.chmod(0o777)
    migrate(path)
    path.chmod(0o644)
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        for number in range(3):
            writer.execute(ADD, [f"m{number}"])
            with as_nobody():
                async with SqliteStore(f"sqlite:///{path}").reading() as store:
                    assert await store.reader.last_seq() == number + 1
            writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert {file.stat().st_uid for file in folder.iterdir()} == {os.geteuid()}
        writer.execute(ADD, ["last"])


@pytest.mark.parametrize("copy", ["no log", "a log"], indirect=True)
async def test_what_is_written_meanwhile_makes_no_wrong_answer(
    copy: tuple[Path, int], folder: Path
) -> None:
    path, count = copy
    path.chmod(0o644)
    folder.chmod(0o555)
    with as_nobody():
        async with SqliteStore(f"sqlite:///{path}").reading() as store:
            assert await store.reader.last_seq() == count
            with pytest.raises(StorageUnavailable, match="another process wrote to it"):
                _write_while_it_is_read(path)
            for ask in (store.reader.last_seq, store.reader.stats):
                with pytest.raises(StorageUnavailable, match="another process wrote to it"):
                    await ask()
                await ask()  # the failure closed the connection; this is a new one
                _write(path)


@needs_two_users
async def test_a_follower_sees_a_server_that_starts_later(folder: Path) -> None:
    path = folder / "inbox.db"
    migrate(path)
    path.chmod(0o644)
    with as_nobody():
        async with SqliteStore(f"sqlite:///{path}").reading() as store:
            assert await store.reader.last_seq() == 0
            with as_owner():
                server = sqlite3.connect(path, isolation_level=None)
                server.execute(ADD, ["m1"])
            with closing(server):
                with pytest.raises(StorageUnavailable, match=r"retrying is safe$"):
                    await store.reader.last_seq()
                assert await store.reader.last_seq() == 1
                server.execute(ADD, ["m2"])
                assert await store.reader.last_seq() == 2


def _write_while_it_is_read(path: Path) -> None:
    with open_to_read(path) as database:
        assert database.execute("SELECT count(*) FROM messages").fetchone() != (0,)
        _write(path)


def _write(path: Path) -> None:
    """Write as the owner does; files are made, and gone again with the connection."""
    with as_owner(), closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("CREATE TABLE IF NOT EXISTS another (of_others)")
        writer.execute("INSERT INTO another VALUES (1)")


@pytest.mark.parametrize("end", ["", "-wal", "-shm"])
def test_a_file_that_may_not_be_read_or_written_is_named(
    live: sqlite3.Connection, tmp_path: Path, folder: Path, end: str
) -> None:
    live.execute(ADD, ["in the log"])
    path = folder / "copy.db"
    for each in ("", "-wal", "-shm"):
        shutil.copy(f"{tmp_path / 'live.db'}{each}", f"{path}{each}")
        Path(f"{path}{each}").chmod(0o666)
    folder.chmod(0o777)
    file = Path(f"{path}{end}")
    file.chmod(0o444)
    sentence = told(lambda: migrate(path))
    assert sentence.startswith(f"cannot open {path}: it is readonly: user ")
    assert f" may not write {file} (" in sentence
    assert sentence.endswith(f", mode 0444); {to_do(file, 'w')}")
    file.chmod(0o000)
    sentence = told(lambda: list(check(path)))
    assert sentence.startswith(f"cannot check {path}: user ")
    assert f" may not read {file} (" in sentence
    assert sentence.endswith(f", mode 0000); {to_do(file, 'r')}")


def test_a_folder_that_may_not_be_written_or_entered_is_named(folder: Path) -> None:
    path = folder / "inbox.db"
    folder.chmod(0o555)
    sentence = told(lambda: migrate(path))
    assert sentence.startswith(f"cannot open {path}: SQLite needs files beside it: user ")
    assert sentence.endswith(f", mode 0555); {to_do(folder, 'w')}")
    folder.chmod(0o600)
    for action in (lambda: list(check(path)), lambda: migrate(path)):
        sentence = told(action)
        assert f" may not enter {folder} (" in sentence
        assert sentence.endswith(f", mode 0600); {to_do(folder, 'x')}")


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    backup, link = tmp_path / "backup.db", tmp_path / "link.db"
    migrate(backup)
    link.symlink_to(tmp_path / "nowhere" / "inbox.db")

    def actions(path: Path) -> list[Callable[[], object]]:
        return [
            lambda: list(check(path)),
            lambda: migrate(path),
            lambda: restore(path, backup, now=_NOW),
        ]

    for path, why in (
        (tmp_path, f"it is a folder, not a regular file; name a file in it, as in {tmp_path}/"),
        (link, f"it is a link to {link.readlink()}, and the folder {tmp_path}/nowhere does not"),
        (tmp_path / "none" / "x.db", f"the folder {tmp_path}/none does not exist; create it"),
        (backup / "x.db", f"the folder {backup} does not exist: {backup} is a file"),
    ):
        for action in actions(path):
            with pytest.raises(StorageUnavailable) as refused:
                action()
            assert f" {path}: {why}" in str(refused.value)
            assert "[Errno" not in str(refused.value)


def test_restore_makes_the_file_that_a_link_leads_to(tmp_path: Path) -> None:
    backup, link, target = (tmp_path / name for name in ("backup.db", "link.db", "target.db"))
    migrate(backup)
    link.symlink_to(target)
    restore(link, backup, now=_NOW)
    assert link.is_symlink()
    assert_nothing_wrong(target)


async def test_a_store_over_a_read_only_file_says_so(folder: Path) -> None:
    path = folder / "inbox.db"
    folder.chmod(0o777)
    with as_nobody():
        migrate(path)
        path.chmod(0o444)
        store = SqliteStore(f"sqlite:///{path}")
        with pytest.raises(StorageUnavailable, match=r"readonly: user .* run: chmod u\+w"):
            await store.open()
        await store.close()
