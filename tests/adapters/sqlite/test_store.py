"""The whole store over one file: from restart to restart nothing is lost or used twice."""

import asyncio
import os
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest

from lyftr_core import (
    AddOutcome,
    Message,
    MessageFilter,
    Selection,
    StorageError,
    StorageUnavailable,
)
from lyftr_sqlite import SqliteStore

CREATED, DUPLICATE, CONFLICT = AddOutcome.CREATED, AddOutcome.DUPLICATE, AddOutcome.CONFLICT
NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
ALL = Selection(filter=MessageFilter(), limit=100)

Files = Callable[[Path], list[str]]
Make = Callable[..., Message]
Until = Callable[[Callable[[], bool]], Awaitable[None]]


async def seq_of(store: SqliteStore, message_id: str) -> int:
    stored = await store.reader.get(message_id)
    assert stored is not None
    return stored.seq


async def test_a_restart_keeps_everything(tmp_path: Path, message: Make) -> None:
    url = f"sqlite:///{tmp_path}/inbox.db"
    async with SqliteStore(url) as store:
        for number in range(5):
            await store.writer.add(message(f"m{number}", f"text {number}"), received_at=NOW)
        before = await store.reader.select(ALL)
    async with SqliteStore(url) as store:
        assert await store.reader.select(ALL) == before
        assert before.total == 5
        assert await store.writer.add(message("m0", "text 0"), received_at=NOW) is DUPLICATE
        assert await store.writer.add(message("m0", "else"), received_at=NOW) is CONFLICT
        assert await store.probe.check() is None


async def test_seq_goes_on_after_a_restart(tmp_path: Path, message: Make) -> None:
    url = f"sqlite:///{tmp_path}/inbox.db"
    seqs = []
    for number in range(3):
        async with SqliteStore(url) as store:
            await store.writer.add(message(f"m{number}"), received_at=NOW)
            seqs.append(await seq_of(store, f"m{number}"))
    assert seqs == sorted(set(seqs))


async def test_seq_is_not_used_again_after_its_row_is_deleted_by_hand(
    tmp_path: Path, message: Make
) -> None:
    url = f"sqlite:///{tmp_path}/inbox.db"
    async with SqliteStore(url) as store:
        await store.writer.add(message("m1"), received_at=NOW)
        await store.writer.add(message("m2"), received_at=NOW)
        last = await seq_of(store, "m2")
    with closing(sqlite3.connect(tmp_path / "inbox.db")) as connection, connection:
        connection.execute("DELETE FROM messages")
    async with SqliteStore(url) as store:
        assert await store.writer.add(message("m2"), received_at=NOW) is CREATED
        assert await seq_of(store, "m2") > last


async def test_seq_has_the_order_of_commit_whatever_the_time_of_the_message(
    tmp_path: Path, message: Make
) -> None:
    async with SqliteStore(f"sqlite:///{tmp_path}/inbox.db") as store:
        for year in (2030, 2020, 2025):
            ts = datetime(year, 1, 1, tzinfo=UTC)
            await store.writer.add(message(f"of {year}", ts=ts), received_at=NOW)
        seqs = [await seq_of(store, f"of {year}") for year in (2030, 2020, 2025)]
    assert seqs == sorted(set(seqs))


async def test_a_relative_path_is_relative_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, message: Make, files: Files
) -> None:
    monkeypatch.chdir(tmp_path)
    async with SqliteStore("sqlite:///inbox.db") as store:
        assert await store.writer.add(message("m1"), received_at=NOW) is CREATED
    assert files(tmp_path) == ["inbox.db"]


@pytest.mark.parametrize(
    "name",
    [
        "with spaces .db",
        "100%.db",
        "%41%20.db",
        "why?.db",
        "mode?mode=memory",
        "a#b.db",
        "a&b=c;d.db",
        "Postfach-Ä-данные-受信箱-📨.db",
        "'quoted\".db",
        "back\\slash.db",
        "file:inbox.db",
    ],
)
async def test_a_file_may_have_any_name(
    tmp_path: Path, name: str, message: Make, files: Files
) -> None:
    store = SqliteStore(f"sqlite:///{quote(str(tmp_path / name))}")
    assert store.path == tmp_path / name
    async with store:
        assert await store.writer.add(message("m1"), received_at=NOW) is CREATED
        assert await store.reader.get("m1") is not None
    assert files(tmp_path) == [name]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a file name is always text")
async def test_a_file_name_may_be_bytes_that_are_no_text(
    tmp_path: Path, message: Make, files: Files
) -> None:
    name = os.fsdecode(b"bo\xeete.db")
    async with SqliteStore(f"sqlite:///{tmp_path}/{name}") as store:
        assert await store.writer.add(message("m1"), received_at=NOW) is CREATED
    assert files(tmp_path) == [name]


async def test_a_path_may_begin_with_two_slashes(tmp_path: Path, message: Make) -> None:
    async with SqliteStore(f"sqlite:////{tmp_path}/inbox.db") as store:
        assert await store.writer.add(message("m1"), received_at=NOW) is CREATED


async def test_closing_leaves_one_whole_file(tmp_path: Path, message: Make, files: Files) -> None:
    async with SqliteStore(f"sqlite:///{tmp_path}/inbox.db") as store:
        await store.writer.add(message("m1"), received_at=NOW)
        await store.reader.get("m1")
    assert files(tmp_path) == ["inbox.db"]
    with closing(sqlite3.connect(tmp_path / "inbox.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("SELECT message_id FROM messages").fetchall() == [("m1",)]


def test_constructing_a_store_touches_nothing(tmp_path: Path, files: Files) -> None:
    SqliteStore(f"sqlite:///{tmp_path}/inbox.db")
    assert files(tmp_path) == []


async def test_a_missing_folder_is_not_made(tmp_path: Path, files: Files) -> None:
    store = SqliteStore(f"sqlite:///{tmp_path}/missing/inbox.db")
    with pytest.raises(StorageUnavailable, match="does not exist"):
        await store.open()
    await store.close()
    assert files(tmp_path) == []


async def test_a_closed_store_refuses_and_closes_again(tmp_path: Path, message: Make) -> None:
    store = SqliteStore(f"sqlite:///{tmp_path}/inbox.db")
    await store.open()
    await store.close()
    with pytest.raises(StorageUnavailable, match="closed"):
        await store.writer.add(message("m1"), received_at=NOW)
    await store.close()


async def test_leaving_by_an_error_closes_the_store(
    tmp_path: Path, message: Make, files: Files
) -> None:
    store = SqliteStore(f"sqlite:///{tmp_path}/inbox.db")

    async def fail_inside() -> None:
        async with store:
            await store.writer.add(message("m1"), received_at=NOW)
            raise LookupError

    with pytest.raises(LookupError):
        await fail_inside()
    with pytest.raises(StorageUnavailable, match="closed"):
        await store.writer.add(message("m2"), received_at=NOW)
    assert files(tmp_path) == ["inbox.db"]


async def test_a_relative_path_goes_on_naming_the_same_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, message: Make, files: Files
) -> None:
    (elsewhere := tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    store = SqliteStore("sqlite:///inbox.db")
    monkeypatch.chdir(elsewhere)
    async with store:
        await store.writer.add(message("m1"), received_at=NOW)
        assert await store.reader.get("m1") is not None
    assert files(elsewhere) == []
    assert files(tmp_path) == ["elsewhere", "inbox.db"]


async def test_the_file_may_be_a_symbolic_link(tmp_path: Path, message: Make) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "inbox.db"
    link.symlink_to(tmp_path / "real" / "other name.db")
    async with SqliteStore(f"sqlite:///{link}") as store:
        assert await store.writer.add(message("m1"), received_at=NOW) is CREATED
        assert await store.probe.check() is None
    assert (tmp_path / "real" / "other name.db").is_file()


async def test_a_store_can_be_opened_again(tmp_path: Path, message: Make) -> None:
    store = SqliteStore(f"sqlite:///{tmp_path / 'inbox.db'}")
    async with store:
        assert await store.writer.add(message("m1"), received_at=NOW) is CREATED
    async with store:
        assert await store.writer.add(message("m2"), received_at=NOW) is CREATED


async def test_an_invalid_row_of_another_program_is_an_error_of_the_store(
    tmp_path: Path, message: Make
) -> None:
    async with SqliteStore(f"sqlite:///{tmp_path / 'inbox.db'}") as store:
        await store.writer.add(message("m1"), received_at=NOW)
        with closing(sqlite3.connect(store.path)) as other, other:
            other.execute("UPDATE messages SET sender = 'tel:1'")
        with pytest.raises(StorageError, match="seq 1"):
            await store.reader.get("m1")


async def test_readers_open_no_file_moved_over_the_database(tmp_path: Path, message: Make) -> None:
    """Merely to open it beside the old log would play that log into it."""
    (spare := tmp_path / "spare").mkdir()
    async with SqliteStore(f"sqlite:///{spare / 'backup.db'}") as backup:
        await backup.writer.add(message("other"), received_at=NOW)
    async with SqliteStore(f"sqlite:///{tmp_path / 'inbox.db'}") as store:
        await store.writer.add(message("m1"), received_at=NOW)
        backup.path.rename(store.path)
        before = store.path.read_bytes()
        with pytest.raises(StorageUnavailable, match="replaced"):
            await store.reader.get("m1")
    assert store.path.read_bytes() == before


@pytest.mark.parametrize("turns", [0, 1, 5])
async def test_closing_gives_up_a_check_under_way_and_leaves_no_connection(
    tmp_path: Path, turns: int, open_connections: Callable[[], int], until: Until
) -> None:
    async with SqliteStore(f"sqlite:///{tmp_path / 'inbox.db'}") as store:
        check = asyncio.create_task(store.probe.check())
        for _ in range(1 + turns):
            await asyncio.sleep(0)
    assert await check in {"closed", None}
    await until(lambda: open_connections() == 0)


async def test_readers_opened_without_the_log_read_again_once_it_is_back(
    tmp_path: Path, message: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a connection keeps to a new and empty log, whatever is moved into its place."""
    monkeypatch.setattr("lyftr_sqlite.connection.checkpoints.INTERVAL", 10**9)
    log = tmp_path / "inbox.db-wal"
    async with SqliteStore(f"sqlite:///{tmp_path / 'inbox.db'}") as store:
        await store.writer.add(message("m1"), received_at=NOW)
        log.rename(tmp_path / "aside")
        for _ in range(2):
            with pytest.raises(StorageUnavailable, match="cannot read"):
                await store.reader.get("m1")
            assert await store.probe.check() is not None
        (tmp_path / "aside").rename(log)
        assert await store.reader.get("m1") is not None
        assert await store.probe.check() is None


async def test_a_store_that_was_never_opened_says_how(path: Path, message: Make) -> None:
    store = SqliteStore(f"sqlite:///{path}")
    with pytest.raises(StorageUnavailable, match="not open; use it within `async with store:`"):
        await store.writer.add(message("m1"), received_at=NOW)
    await store.close()
