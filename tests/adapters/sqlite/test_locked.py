"""Another process holds the lock, and does not let go: nobody waits for it twice."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection
from sqlalchemy.ext.asyncio import AsyncEngine

from lyftr_core import AddOutcome, Message, StorageUnavailable
from lyftr_sqlite import SqliteMessageWriter, SqliteStore
from lyftr_sqlite.connection.url import BUSY_TIMEOUT
from lyftr_sqlite.connection.writing import WritingConnection
from lyftr_sqlite.store import SqliteReadinessProbe
from tests.support.sqlite_files import insert_many, open_database

NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
FULL_QUEUE = 10_000

Make = Callable[..., Message]
Until = Callable[[Callable[[], bool]], Awaitable[None]]


@pytest.fixture
def tried(impatient_engine: AsyncEngine) -> list[str]:
    """The INSERT statements that the writer has begun, each of them once."""
    seen: list[str] = []

    def note(statement: str) -> None:
        if statement.startswith("INSERT") and statement not in seen:
            seen.append(statement)

    @event.listens_for(impatient_engine.sync_engine, "connect")
    def trace(connection: AsyncAdapt_aiosqlite_connection, _record: object) -> None:
        connection.run_async(lambda driver: driver.set_trace_callback(note))

    return seen


@pytest.fixture
def begun(impatient_engine: AsyncEngine) -> list[str]:
    """The first words of the statements that write, as they begin on any connection."""
    seen: list[str] = []

    def note(statement: str) -> None:
        word, *_ = statement.split(maxsplit=1)
        if word in {"INSERT", "UPDATE"}:
            seen.append(word)

    @event.listens_for(impatient_engine.sync_engine, "connect")
    def trace(connection: AsyncAdapt_aiosqlite_connection, _record: object) -> None:
        connection.run_async(lambda driver: driver.set_trace_callback(note))

    return seen


async def begin_all(
    writer: SqliteMessageWriter, messages: list[Message]
) -> asyncio.Future[list[object]]:
    """Add all at once; when this returns, all of them wait."""
    calls = [asyncio.create_task(writer.add(message, received_at=NOW)) for message in messages]
    await asyncio.sleep(0)
    return asyncio.gather(*calls, return_exceptions=True)


async def test_a_lock_that_stays_refuses_all_that_wait_and_not_one_batch_after_another(
    impatient_engine: AsyncEngine,
    path: Path,
    other: sqlite3.Connection,
    message: Make,
    tried: list[str],
) -> None:
    writer = SqliteMessageWriter(WritingConnection(impatient_engine, path), max_batch=1)
    await writer.open()
    other.execute("BEGIN IMMEDIATE")
    calls = await begin_all(writer, [message(f"m{n}") for n in range(10)])
    outcomes = await calls
    assert {str(outcome) for outcome in outcomes} == {"cannot commit: database is locked"}
    assert len({id(outcome) for outcome in outcomes}) == 10
    assert len(tried) == 1
    other.execute("ROLLBACK")
    assert await writer.add(message("m1"), received_at=NOW) is AddOutcome.CREATED
    await writer.close()


async def test_closing_under_a_lock_with_a_full_queue_waits_for_it_once_and_refuses_the_rest(
    impatient_engine: AsyncEngine,
    path: Path,
    other: sqlite3.Connection,
    message: Make,
    tried: list[str],
) -> None:
    writer = SqliteMessageWriter(WritingConnection(impatient_engine, path))
    await writer.open()
    other.execute("BEGIN IMMEDIATE")
    calls = await begin_all(writer, [message(f"m{n}") for n in range(FULL_QUEUE)])
    await writer.close()
    outcomes = await calls
    assert len(outcomes) == FULL_QUEUE
    assert all(isinstance(outcome, StorageUnavailable) for outcome in outcomes)
    assert len(tried) == 1


async def test_a_store_closes_while_another_process_holds_the_lock(
    path: Path, other: sqlite3.Connection, message: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lyftr_sqlite.connection.engines.BUSY_TIMEOUT", 50)
    store = SqliteStore(f"sqlite:///{path}")
    await store.open()
    await store.writer.add(message("before"), received_at=NOW)
    other.execute("BEGIN IMMEDIATE")
    insert_many(other, 10)
    calls = await begin_all(store.writer, [message(f"m{n}") for n in range(5_000)])
    await store.close()
    assert all(isinstance(outcome, StorageUnavailable) for outcome in await calls)
    other.execute("COMMIT")
    assert other.execute("SELECT count(*) FROM messages").fetchone() == (11,)


async def test_reading_through_the_connection_does_not_make_the_writer_ready(
    impatient_engine: AsyncEngine, path: Path, other: sqlite3.Connection, message: Make
) -> None:
    connection = WritingConnection(impatient_engine, path)
    writer = SqliteMessageWriter(connection)
    await writer.open()
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageUnavailable):
        await writer.add(message("m1"), received_at=NOW)
    async with connection.open(commits=False) as reading:
        await reading.exec_driver_sql("SELECT count(*) FROM messages")
    assert await writer.check() == "cannot commit"
    other.execute("ROLLBACK")
    assert await writer.check() is None
    await writer.close()


async def test_checks_let_webhooks_go_first_while_another_process_holds_the_lock(
    impatient_writer: SqliteMessageWriter,
    reading_engine: AsyncEngine,
    other: sqlite3.Connection,
    message: Make,
    begun: list[str],
    until: Until,
) -> None:
    probe = SqliteReadinessProbe(reading_engine, impatient_writer)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageUnavailable):
        await impatient_writer.add(message("m1"), received_at=NOW)
    begun.clear()
    checks = [asyncio.create_task(probe.check()) for _ in range(20)]
    await until(lambda: begun == ["UPDATE"])
    with pytest.raises(StorageUnavailable):
        await impatient_writer.add(message("m2"), received_at=NOW)
    assert begun == ["UPDATE", "INSERT"]
    assert set(await asyncio.gather(*checks)) == {"cannot commit"}
    assert begun == ["UPDATE", "INSERT"]
    other.execute("ROLLBACK")
    assert await probe.check() is None


async def test_a_check_waits_for_the_lock_for_a_moment_only(
    writing_engine: AsyncEngine, path: Path, other: sqlite3.Connection, message: Make
) -> None:
    """Webhooks wait as long as it does, and theirs is another time-out."""
    connection = WritingConnection(writing_engine, path)
    writer = SqliteMessageWriter(connection)
    await writer.open()
    other.execute("ALTER TABLE messages RENAME TO gone")
    with pytest.raises(StorageUnavailable, match="no such table"):
        await writer.add(message("m1"), received_at=NOW)
    other.execute("ALTER TABLE gone RENAME TO messages")
    other.execute("BEGIN IMMEDIATE")
    async with asyncio.timeout(BUSY_TIMEOUT / 1000):
        assert await writer.check() == "cannot commit"
    other.execute("ROLLBACK")
    assert await writer.check() is None
    async with connection.open() as used:
        found = await used.exec_driver_sql("PRAGMA busy_timeout")
        assert found.scalar_one() == BUSY_TIMEOUT
    await writer.close()


async def test_a_check_waits_for_who_has_the_turn_and_takes_over_what_comes_of_it(
    impatient_engine: AsyncEngine,
    path: Path,
    other: sqlite3.Connection,
    begun: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connection = WritingConnection(impatient_engine, path)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageUnavailable, match="locked"):
        await connection.commit_something()
    other.execute("ROLLBACK")
    begun.clear()
    monkeypatch.setattr("lyftr_sqlite.connection.writing.PATIENCE", 0.01)
    async with connection.open():
        with pytest.raises(StorageUnavailable, match="takes too long"):
            await connection.check()
        monkeypatch.undo()
        check = asyncio.create_task(connection.check())
        await asyncio.sleep(0)
        assert not check.done()
    await check
    assert begun == []
    await connection.close()


async def test_a_fold_that_failed_holds_no_lock() -> None:
    async with open_database() as database:
        insert_many(database.plain, 10)
        database.plain.execute("DROP TABLE totals")
        database.plain.execute("PRAGMA busy_timeout=0")
        with pytest.raises(StorageUnavailable, match="totals"):
            await database.fold()
        database.plain.execute("BEGIN IMMEDIATE")
        database.plain.execute("ROLLBACK")


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
async def test_a_new_connection_takes_no_new_log_for_the_old_one(
    impatient_writer: SqliteMessageWriter,
    path: Path,
    other: sqlite3.Connection,
    message: Make,
    suffix: str,
) -> None:
    """As where somebody makes room on a full disk by deleting the log, while others use it.

    All of it is in the database, so that nothing of it is needed, and a reader keeps it from
    beginning anew: what SQLite adds to a new one, without its beginning, is lost by a crash.
    """
    await impatient_writer.add(message("m1"), received_at=NOW)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageUnavailable, match="locked"):
        await impatient_writer.add(message("m2"), received_at=NOW)  # and drops the connection
    other.execute("ROLLBACK")
    other.execute("PRAGMA wal_checkpoint(PASSIVE)")
    other.execute("BEGIN")
    other.execute("SELECT * FROM messages").fetchall()
    file = Path(f"{path}{suffix}")
    file.rename(aside := path.with_name("aside"))
    for _ in range(3):
        with pytest.raises(StorageUnavailable, match="replaced"):
            await impatient_writer.add(message("m2"), received_at=NOW)
    assert await impatient_writer.check() == "cannot commit"
    aside.rename(file)
    other.execute("COMMIT")
    assert await impatient_writer.add(message("m2"), received_at=NOW) is AddOutcome.CREATED


async def test_a_new_connection_makes_a_new_log_where_nobody_used_the_old_one(
    impatient_writer: SqliteMessageWriter, path: Path, message: Make
) -> None:
    await impatient_writer.add(message("m1"), received_at=NOW)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageUnavailable, match="locked"):
            await impatient_writer.add(message("m2"), received_at=NOW)  # and drops the connection
    assert not Path(f"{path}-wal").exists()  # the last one to close took it along
    assert await impatient_writer.add(message("m2"), received_at=NOW) is AddOutcome.CREATED
