"""The follower: close behind the log, never in the way of it, and never to lose any of it."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, closing
from pathlib import Path

import pytest
from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_core import Message, MessageFilter, Selection, StorageUnavailable
from lyftr_sqlite import SqliteStore, check
from lyftr_sqlite.projections.folding import fold
from lyftr_sqlite.projections.projections import PROJECTIONS, Projection
from tests.support.sqlite_files import NAMES, NOW, insert_many, new_file, open_database, watermarks

Until = Callable[[Callable[[], bool]], Awaitable[None]]
Make = Callable[..., Message]

_NEVER = 10**9


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return new_file(tmp_path)


@pytest.fixture
def plain(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        yield connection


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer counts as busy for ever; ten messages are a long tail, to be folded by threes."""
    monkeypatch.setattr("lyftr_sqlite.projections.follower.LONG_TAIL", 10)
    monkeypatch.setattr("lyftr_sqlite.projections.follower.STEP", 3)
    monkeypatch.setattr("lyftr_sql.background.IDLE", _NEVER)


@pytest.fixture
def slow(busy: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As busy, and 30,000 messages are folded by threes too: that takes ten seconds and more."""
    monkeypatch.setattr("lyftr_sqlite.projections.follower.LONG_TAIL", 30_000)


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """No tail is long, and the writer is soon idle."""
    monkeypatch.setattr("lyftr_sqlite.projections.follower.LONG_TAIL", _NEVER)
    monkeypatch.setattr("lyftr_sql.background.IDLE", 0.005)


async def _add(store: SqliteStore, message: Make, *numbers: int) -> None:
    for number in numbers:
        await store.writer.add(message(f"m{number}"), received_at=NOW)


def _faults(file: Path) -> list[object]:
    return [finding for finding in check(file) if finding.faults]


def _alter(file: Path, table: str) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute(f"ALTER TABLE {table}")


def _all_at(plain: sqlite3.Connection, seq: int) -> bool:
    return watermarks(plain) == dict.fromkeys(NAMES, seq)


@pytest.mark.usefixtures("busy")
async def test_a_long_tail_is_folded_while_the_writer_is_busy_and_a_short_one_is_not(
    file: Path, plain: sqlite3.Connection, message: Make, until: Until
) -> None:
    async with SqliteStore(f"sqlite:///{file}") as store:
        await _add(store, message, *range(9))
        assert _all_at(plain, 0)
        await _add(store, message, 9)
        await until(lambda: _all_at(plain, 10))
        await _add(store, message, *range(10, 19))
        assert _all_at(plain, 10)
        await _add(store, message, 19)
        await until(lambda: _all_at(plain, 20))
    assert _faults(file) == []


@pytest.mark.usefixtures("busy")
async def test_duplicates_make_the_tail_no_longer(
    file: Path, plain: sqlite3.Connection, message: Make
) -> None:
    async with SqliteStore(f"sqlite:///{file}") as store:
        for _ in range(15):
            await _add(store, message, 1)
        assert _all_at(plain, 0)


@pytest.mark.usefixtures("idle")
async def test_a_tail_is_folded_when_the_writer_is_idle_again_and_again(
    file: Path, plain: sqlite3.Connection, message: Make, until: Until
) -> None:
    async with SqliteStore(f"sqlite:///{file}") as store:
        for number in range(3):
            await _add(store, message, number)
            await until(lambda last=number + 1: _all_at(plain, last))  # type: ignore[misc] # a default binds the number


async def test_what_a_former_process_left_is_folded_at_the_start(
    file: Path, plain: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lyftr_sqlite.projections.follower.LONG_TAIL", 7)
    insert_many(plain, 50)
    async with SqliteStore(f"sqlite:///{file}"):
        assert _all_at(plain, 50)
    assert _faults(file) == []


async def test_projections_left_at_different_places_are_all_folded_at_the_start(
    file: Path, plain: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lyftr_sqlite.projections.follower.LONG_TAIL", 7)
    insert_many(plain, 50)
    async with open_database(file) as database:
        for number, name in enumerate(NAMES):
            await database.fold([name], 48 - 11 * number)
    async with SqliteStore(f"sqlite:///{file}"):
        assert _all_at(plain, 50)
    assert _faults(file) == []


@pytest.mark.usefixtures("idle")
async def test_a_store_that_is_opened_again_follows_again(
    file: Path, plain: sqlite3.Connection, message: Make, until: Until
) -> None:
    store = SqliteStore(f"sqlite:///{file}")
    for number in range(3):
        async with store:
            await _add(store, message, number)
            await until(lambda last=number + 1: _all_at(plain, last))  # type: ignore[misc] # a default binds the number


@pytest.mark.usefixtures("idle")
async def test_a_missing_table_is_logged_once_and_followed_again_once_it_is_back(
    file: Path,
    plain: sqlite3.Connection,
    message: Make,
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("lyftr_sql.background.PATIENCE", 0.001)
    async with SqliteStore(f"sqlite:///{file}") as store:
        attempts = _count_attempts(store)
        plain.execute("ALTER TABLE messages_by_ts RENAME TO gone")
        await _add(store, message, 0)
        await until(lambda: len(attempts) > 5)
        await _add(store, message, 1, 2)  # webhooks go on
        assert len(caplog.messages) == 1
        assert caplog.messages[0].startswith("projections fall behind: ")
        assert "no such table: messages_by_ts" in caplog.messages[0]
        # Not in this thread: a fold that failed holds its lock until the loop has let go of it.
        await asyncio.to_thread(_alter, file, "gone RENAME TO messages_by_ts")
        await until(lambda: _all_at(plain, 3))
        assert await store.probe.check() is None
    assert _faults(file) == []


def _count_attempts(store: SqliteStore) -> list[None]:
    """Return a list that grows with each attempt to fold."""
    attempts: list[None] = []
    fold_each = store._follower._background._work

    async def count() -> None:
        attempts.append(None)
        await fold_each()

    store._follower._background._work = count
    return attempts


@pytest.mark.usefixtures("idle")
async def test_a_database_that_is_locked_for_a_while_is_followed_again(
    file: Path,
    plain: sqlite3.Connection,
    message: Make,
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("lyftr_sqlite.connection.engines.BUSY_TIMEOUT", 10)
    monkeypatch.setattr("lyftr_sql.background.PATIENCE", 0.001)
    async with SqliteStore(f"sqlite:///{file}") as store:
        await _add(store, message, 0)
        await until(lambda: _all_at(plain, 1))
        insert_many(plain, 1)
        plain.execute("BEGIN IMMEDIATE")
        store._follower._background.wake()
        await until(lambda: bool(caplog.messages))
        with pytest.raises(StorageUnavailable, match="locked"):
            await _add(store, message, 1)
        plain.execute("ROLLBACK")
        await _add(store, message, 1)
        await until(lambda: _all_at(plain, 3))
    assert caplog.messages.count("projections fall behind: cannot commit: database is locked") == 1


@pytest.mark.usefixtures("slow")
async def test_closing_ends_the_folding_at_once_and_leaves_the_rest_in_the_log(
    file: Path, plain: sqlite3.Connection, message: Make, until: Until
) -> None:
    async with SqliteStore(f"sqlite:///{file}") as store:
        insert_many(plain, 30_000)
        store._follower.note_commit(30_000)
        await until(lambda: watermarks(plain)["messages_by_ts"] > 30)
        adding = asyncio.gather(*(_add(store, message, n) for n in range(5)))
        await asyncio.sleep(0)
    await adding
    assert watermarks(plain)["messages_by_ts"] < 20_000
    assert _faults(file) == []
    async with open_database(file) as database:
        found = await database.reader.select(Selection(filter=MessageFilter(), limit=1))
        assert found.total == 30_005
        await database.fold()
    assert _faults(file) == []


@pytest.mark.usefixtures("slow")
async def test_adding_goes_on_between_two_steps_of_the_folding(
    file: Path, plain: sqlite3.Connection, message: Make, until: Until
) -> None:
    async with SqliteStore(f"sqlite:///{file}") as store:
        insert_many(plain, 30_000)
        store._follower.note_commit(30_000)
        await until(lambda: watermarks(plain)["messages_by_ts"] > 0)
        async with asyncio.timeout(30):
            await _add(store, message, *range(2))
        assert watermarks(plain)["messages_by_ts"] < 30_000


async def test_two_at_once_on_one_file_fold_each_message_once(file: Path) -> None:
    async with AsyncExitStack() as stack:
        one, other = [await stack.enter_async_context(open_database(file)) for _ in range(2)]
        insert_many(one.plain, 300)
        while not _all_at(one.plain, 300):
            await asyncio.gather(one.fold(limit=7), other.fold(NAMES[::-1], limit=5))
    assert _faults(file) == []


async def test_a_fold_that_is_cancelled_leaves_all_or_nothing_of_it(file: Path) -> None:
    async with open_database(file) as database:
        insert_many(database.plain, 2_000)
        for turns in range(60):
            folding = asyncio.create_task(database.fold(limit=20))
            for _ in range(turns):
                await asyncio.sleep(0)
            folding.cancel()
            await asyncio.wait([folding])
            assert len(set(database.watermarks().values())) == 1
        await database.fold()
    assert _faults(file) == []


async def test_the_tail_stays_bounded_however_many_messages_share_a_commit(
    file: Path, plain: sqlite3.Connection, message: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commits of 200, a step for each 16 of a tail of 64: by such steps it would grow for ever."""
    monkeypatch.setattr("lyftr_sqlite.projections.follower.LONG_TAIL", 64)
    monkeypatch.setattr("lyftr_sqlite.projections.follower.STEP", 16)
    tails = []
    async with SqliteStore(f"sqlite:///{file}") as store:
        numbers = iter(range(16_000))

        async def produce() -> None:
            for number in numbers:
                await store.writer.add(message(f"m{number}"), received_at=NOW)
                if number % 500 == 0:
                    tails.append(number - min(watermarks(plain).values()))

        await asyncio.gather(*(produce() for _ in range(200)))
    assert max(tails) < 8_000
    assert _faults(file) == []


# Small steps, so that a kill hits a fold more often than not, yet larger than what is added
# between two of them, so that the folding comes to its end.
_ADD_AND_FOLD = """
import asyncio, sys
from datetime import UTC, datetime
from lyftr_core import Message
from lyftr_sqlite import SqliteStore
from lyftr_sqlite.projections import follower

follower.LONG_TAIL, follower.STEP = 20, 20
NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
url, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])

async def add(store, caller):
    for number in range(count):
        message = Message(message_id=f"{name}-{caller}-{number}", sender=f"+1{number % 7}0",
                          recipient=f"+2{caller}0", ts=NOW, text=f"the text of {number}")
        await store.writer.add(message, received_at=NOW)
        print(message.message_id, flush=True)

async def main():
    async with SqliteStore(url) as store:
        await asyncio.gather(*(add(store, caller) for caller in range(8)))

asyncio.run(main())
"""


def _child(file: Path, name: str, count: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", _ADD_AND_FOLD, f"sqlite:///{file}", name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("promises", [60, 300, 900])
async def test_a_kill_in_the_middle_of_folding_leaves_nothing_wrong(
    file: Path, plain: sqlite3.Connection, promises: int
) -> None:
    with _child(file, "killed", _NEVER) as child:
        assert child.stdout is not None
        for _ in range(promises):
            child.stdout.readline()
        child.kill()
        child.stdout.read()
    assert max(watermarks(plain).values()) > 0
    assert _faults(file) == []
    async with SqliteStore(f"sqlite:///{file}"):
        (last,) = plain.execute("SELECT max(seq) FROM messages").fetchone()
        assert _all_at(plain, last)
    assert _faults(file) == []


def test_two_processes_on_one_file_fold_each_message_once(
    file: Path, plain: sqlite3.Connection
) -> None:
    children = [_child(file, name, 40) for name in ("one", "other")]
    assert [child.communicate(timeout=200)[0].count("\n") for child in children] == [320, 320]
    assert [child.returncode for child in children] == [0, 0]
    assert plain.execute("SELECT count(*) FROM messages").fetchone() == (640,)
    assert max(watermarks(plain).values()) > 0
    assert _faults(file) == []


@pytest.mark.usefixtures("busy")
async def test_one_step_stays_short_while_a_projection_is_made_anew(
    file: Path, plain: sqlite3.Connection, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = tuple(structs.replace(one, at_once=20) for one in PROJECTIONS)
    monkeypatch.setattr("lyftr_sqlite.projections.follower.PROJECTIONS", few)
    limits = []

    async def note(
        connection: AsyncConnection, projections: Sequence[Projection], limit: int
    ) -> None:
        limits.append(limit)
        await fold(connection, projections, limit)

    async with SqliteStore(f"sqlite:///{file}") as store:
        monkeypatch.setattr("lyftr_sqlite.projections.follower.fold", note)
        insert_many(plain, 1_000)
        store._follower.note_commit(1_000)
        await until(lambda: _all_at(plain, 1_000))
    assert max(limits) == 2 * 20
    assert _faults(file) == []


async def test_a_long_gap_in_the_log_takes_no_time(
    file: Path, plain: sqlite3.Connection, until: Until
) -> None:
    far = 2**52
    insert_many(plain, 10)
    plain.execute("UPDATE messages SET seq = ? WHERE seq = 10", [far])
    async with SqliteStore(f"sqlite:///{file}") as store:
        assert _all_at(plain, far)
        insert_many(plain, 10)
        store._follower.note_commit(10)
        await until(lambda: _all_at(plain, far + 10))
    assert _faults(file) == []
