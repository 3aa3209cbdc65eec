"""The write-ahead log stays short, whoever reads, and nobody who reads delays a webhook."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.pool import QueuePool

from lyftr_core import Message, MessageFilter, Selection
from lyftr_sqlite import SqliteStore
from lyftr_sqlite.connection.engines import READERS
from tests.support.sqlite_files import NOW, new_file
from tests.support.stored import assert_nothing_wrong

Make = Callable[..., Message]
Until = Callable[[Callable[[], bool]], Awaitable[None]]

_PAGE = 4_096
_TEXT = "x" * 4_000  # each commit is some pages long
_COMMITS = 600
_SHORT, _LONG = 20, 200


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return new_file(tmp_path)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies follow soon, a log is short or long at a few pages, and nothing is folded."""
    monkeypatch.setattr("lyftr_sqlite.connection.checkpoints.INTERVAL", 0.002)
    monkeypatch.setattr("lyftr_sqlite.connection.checkpoints.SHORT", _SHORT)
    monkeypatch.setattr("lyftr_sqlite.connection.checkpoints.LONG", _LONG)
    monkeypatch.setattr("lyftr_sql.background.IDLE", 10**9)


class Traffic:
    """Commits one after another, and readers of which one always began before another ended."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self.commits = 0
        self._committed = asyncio.Condition()
        self._over = False

    async def run(self, make: Make, commits: int) -> None:
        readers = [asyncio.create_task(self._read(delay)) for delay in (10, 20, 30)]
        for number in range(commits):
            await self.store.writer.add(make(f"m{number}", _TEXT), received_at=NOW)
            await self._note()
        self._over = True
        await self._note()
        await asyncio.gather(*readers)

    async def _note(self) -> None:
        async with self._committed:
            self.commits += 1
            self._committed.notify_all()

    async def _read(self, delay: int) -> None:
        """Hold one snapshot after another, each for thirty commits."""
        await self._wait(delay)
        while not self._over:
            async with self.store._engines[2].connect() as connection:
                await connection.exec_driver_sql("SELECT count(*) FROM messages")
                await self._wait(30)

    async def _wait(self, commits: int) -> None:
        until = self.commits + commits
        async with self._committed:
            await self._committed.wait_for(lambda: self._over or self.commits >= until)


async def _log_in_pages(file: Path, make: Make) -> int:
    """Return how long the log was at its longest."""
    async with SqliteStore(f"sqlite:///{file}") as store:
        await Traffic(store).run(make, _COMMITS)
        longest = Path(f"{file}-wal").stat().st_size // _PAGE
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT count(*) FROM messages").fetchone() == (_COMMITS,)
    assert_nothing_wrong(file)
    return longest


async def test_under_constant_writing_and_reading_the_log_stays_short(
    file: Path, message: Make
) -> None:
    assert await _log_in_pages(file, message) < 5 * _LONG


async def test_without_moments_in_which_nobody_reads_the_log_grows_with_what_is_written(
    file: Path, message: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the readers above do what they are there for: copying alone is not enough."""
    monkeypatch.setattr("lyftr_sqlite.connection.checkpoints.LONG", 10**9)
    assert await _log_in_pages(file, message) > 6 * _LONG


def _checked_out(store: SqliteStore) -> int:
    pool = store._engines[2].pool
    assert isinstance(pool, QueuePool)
    return pool.checkedout()


async def test_without_readers_the_log_is_begun_anew_by_the_commits_themselves(
    file: Path, message: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lyftr_sqlite.connection.checkpoints.LONG", 10**9)
    async with SqliteStore(f"sqlite:///{file}") as store:
        for number in range(_COMMITS):
            await store.writer.add(message(f"m{number}", _TEXT), received_at=NOW)
        assert Path(f"{file}-wal").stat().st_size // _PAGE < 5 * _LONG


async def test_a_reader_that_keeps_its_snapshot_holds_up_no_commit(
    file: Path, message: Make
) -> None:
    async with (
        SqliteStore(f"sqlite:///{file}") as store,
        store._engines[2].connect() as reading,
    ):
        before = await reading.exec_driver_sql("SELECT count(*) FROM messages")
        async with asyncio.timeout(10):
            for number in range(2 * _LONG):  # the log is long, and waits for this reader
                await store.writer.add(message(f"m{number}", _TEXT), received_at=NOW)
        after = await reading.exec_driver_sql("SELECT count(*) FROM messages")
        assert before.scalar_one() == after.scalar_one() == 0
    assert_nothing_wrong(file)


async def test_reading_goes_on_once_the_log_is_short_again(
    file: Path, message: Make, until: Until
) -> None:
    log = Path(f"{file}-wal")
    async with SqliteStore(f"sqlite:///{file}") as store:
        async with store._engines[2].connect() as reading:
            await reading.exec_driver_sql("SELECT count(*) FROM messages")
            for number in range(2 * _LONG):
                await store.writer.add(message(f"m{number}", _TEXT), received_at=NOW)
            await until(lambda: _checked_out(store) == READERS)
        everything = Selection(filter=MessageFilter(), limit=1)
        found = await asyncio.gather(*(store.reader.select(everything) for _ in range(12)))
        assert {matches.total for matches in found} == {2 * _LONG}
        longest = log.stat().st_size
        for number in range(_LONG):
            await store.writer.add(message(f"again {number}", _TEXT), received_at=NOW)
        assert log.stat().st_size == longest  # it began anew, and was overwritten


async def test_the_log_is_gone_after_the_store_is_closed(file: Path, message: Make) -> None:
    async with SqliteStore(f"sqlite:///{file}") as store:
        await Traffic(store).run(message, _LONG)
    assert not Path(f"{file}-wal").exists()


async def test_a_log_that_cannot_be_copied_is_said_once_and_copied_later(
    file: Path,
    message: Make,
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("lyftr_sqlite.connection.engines.BUSY_TIMEOUT", 20)
    monkeypatch.setattr("lyftr_sql.background.PATIENCE", 0.001)
    async with SqliteStore(f"sqlite:///{file}") as store:
        async with store._engines[2].connect() as reading:
            await reading.exec_driver_sql("SELECT count(*) FROM messages")
            for number in range(2 * _LONG):
                await store.writer.add(message(f"m{number}", _TEXT), received_at=NOW)
            await until(lambda: bool(caplog.messages))
            for number in range(2 * _LONG):
                await store.writer.add(message(f"more {number}", _TEXT), received_at=NOW)
            (said,) = caplog.messages
        assert said.startswith("the write-ahead log grows: cannot wait for")
        for number in range(2 * _LONG):
            await store.writer.add(message(f"again {number}", _TEXT), received_at=NOW)
        await until(lambda: _checked_out(store) == 0)
