"""No copy of the log can meet the moment at which a commit begins the log anew.

SQLite before 3.51.3 may take the new log for copied then, and its commits are lost
(https://www.sqlite.org/wal.html, "The WAL-Reset Bug"). A commit begins the log anew only where all
of it is copied; so no copy may begin where nothing is left to copy.
"""

import asyncio
import fcntl
import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection
from sqlalchemy.ext.asyncio import AsyncEngine

from lyftr_core import Message
from lyftr_sqlite import SqliteStore
from lyftr_sqlite.connection.locks import copying_lock, turn_lock
from tests.support.sqlite_files import NOW, new_file
from tests.support.stored import assert_nothing_wrong

Make = Callable[..., Message]

COPIES = 200
_MOST = 20_000


class Copies:
    """What was left to copy as each copy of an engine began, in pages.

    The numbers are in the header of the shared memory (https://www.sqlite.org/walformat.html): how
    long the log is, and how much of it is copied. Its file stays open: to close it would let go of
    SQLite's locks on it, which are those of the process.
    """

    def __init__(self) -> None:
        self.left: list[int] = []
        self.memory = -1

    def watch(self, engine: AsyncEngine) -> None:
        @event.listens_for(engine.sync_engine, "connect")
        def trace(connection: AsyncAdapt_aiosqlite_connection, _record: object) -> None:
            connection.run_async(lambda driver: driver.set_trace_callback(self._note))

    def _note(self, statement: str) -> None:
        if "wal_checkpoint" in statement:
            header = os.pread(self.memory, 100, 0)
            (length,), (copied,) = (struct.unpack_from("=I", header, at) for at in (16, 96))
            self.left.append(length - copied)


@pytest.fixture
def copies(monkeypatch: pytest.MonkeyPatch) -> Copies:
    """Copies follow each other closely, and nearly every log is worth copying wholly."""
    monkeypatch.setattr("lyftr_sqlite.connection.checkpoints.INTERVAL", 0.001)
    monkeypatch.setattr("lyftr_sqlite.connection.checkpoints.SHORT", 3)
    return Copies()


@pytest.mark.parametrize("stores", [1, 2])
async def test_no_copy_begins_where_nothing_is_left_to_copy(
    tmp_path: Path, message: Make, copies: Copies, stores: int
) -> None:
    file = new_file(tmp_path)
    opened = [SqliteStore(f"sqlite:///{file}") for _ in range(stores)]
    for store in opened:
        for engine in store._engines:
            copies.watch(engine)
        await store.open()
    copies.memory = os.open(f"{file}-shm", os.O_RDONLY)
    try:
        await asyncio.gather(*(_add_until_copied(store, message, copies) for store in opened))
    finally:
        for store in opened:
            await store.close()
        os.close(copies.memory)
    assert len(copies.left) >= COPIES
    assert min(copies.left) > 0
    assert_nothing_wrong(file)


async def _add_until_copied(store: SqliteStore, make: Make, copies: Copies) -> None:
    for number in range(_MOST):
        await store.writer.add(make(f"{id(store)}-{number}"), received_at=NOW)
        if number % 7 == 0:
            await asyncio.sleep(0.002)  # so that a copy may find that nothing comes
        if len(copies.left) >= COPIES:
            return


def test_one_at_a_time_copies_and_the_next_one_does_once_it_is_over(tmp_path: Path) -> None:
    file = tmp_path / "inbox.db"
    with copying_lock(file) as first:
        with copying_lock(file) as second:
            assert (first, second) == (True, False)
        with copying_lock(tmp_path / "other.db") as other:
            assert other is True
    with copying_lock(file) as third:
        assert third is True


def test_who_locks_the_folder_keeps_nobody_from_copying(tmp_path: Path) -> None:
    """Every user who may read a folder can lock it."""
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        with copying_lock(tmp_path / "inbox.db") as mine:
            assert mine
    finally:
        os.close(folder)


def test_a_symbolic_link_has_the_lock_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "inbox.db").touch()
    link = tmp_path / "inbox.db"
    link.symlink_to(tmp_path / "real" / "inbox.db")
    with copying_lock(link), copying_lock(tmp_path / "real" / "inbox.db") as second:
        assert second is False


def test_each_database_has_a_turn_of_its_own_beside_the_lock_of_its_copies(tmp_path: Path) -> None:
    file, link = tmp_path / "inbox.db", tmp_path / "link.db"
    link.symlink_to(file)
    with copying_lock(file), turn_lock(file) as first, turn_lock(tmp_path / "other.db") as other:
        assert (first, other) == (True, True)
        with turn_lock(link) as second:
            assert second is False
    with turn_lock(link) as third:
        assert third is True


def test_whoever_may_read_the_file_of_a_lock_can_take_it(tmp_path: Path) -> None:
    file = tmp_path / "inbox.db"
    with turn_lock(file):
        pass
    (tmp_path / "inbox.db-lock").chmod(0o444)
    with turn_lock(file) as mine:
        assert mine
