"""The writer from open to close: it accepts nothing outside, and leaves nobody waiting."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from lyftr_core import AddOutcome, Message, StorageUnavailable
from lyftr_sqlite import SqliteMessageWriter
from lyftr_sqlite.connection.writing import WritingConnection

CREATED = AddOutcome.CREATED
NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)

Make = Callable[..., Message]
Until = Callable[[Callable[[], bool]], Awaitable[None]]


async def test_add_before_open_is_refused(
    writing_engine: AsyncEngine, message: Make, path: Path
) -> None:
    writer = SqliteMessageWriter(WritingConnection(writing_engine, path))
    with pytest.raises(StorageUnavailable, match="not open"):
        await writer.add(message("m1"), received_at=NOW)


async def test_add_after_close_is_refused(
    writing_engine: AsyncEngine, other: sqlite3.Connection, message: Make, path: Path
) -> None:
    writer = SqliteMessageWriter(WritingConnection(writing_engine, path))
    await writer.open()
    await writer.close()
    with pytest.raises(StorageUnavailable, match="closed"):
        await writer.add(message("m1"), received_at=NOW)
    assert other.execute("SELECT count(*) FROM messages").fetchone() == (0,)


async def test_close_before_open_and_close_twice_do_nothing(
    writing_engine: AsyncEngine, message: Make, path: Path
) -> None:
    await SqliteMessageWriter(WritingConnection(writing_engine, path)).close()
    writer = SqliteMessageWriter(WritingConnection(writing_engine, path))
    await writer.open()
    assert await writer.add(message("m1"), received_at=NOW) is CREATED
    await writer.close()
    await writer.close()


async def test_close_commits_what_waits_and_refuses_what_comes(
    writing_engine: AsyncEngine,
    other: sqlite3.Connection,
    message: Make,
    commits: list[str],
    until: Until,
    path: Path,
) -> None:
    writer = SqliteMessageWriter(WritingConnection(writing_engine, path))
    await writer.open()
    other.execute("BEGIN IMMEDIATE")
    first = asyncio.create_task(writer.add(message("first"), received_at=NOW))
    await until(lambda: len(commits) == 1)
    waiting = [asyncio.create_task(writer.add(message(f"m{n}"), received_at=NOW)) for n in range(5)]
    await asyncio.sleep(0)
    closing = [asyncio.create_task(writer.close()) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(StorageUnavailable, match="closed"):
        await writer.add(message("late"), received_at=NOW)
    assert not any(task.done() for task in closing)
    other.execute("ROLLBACK")
    await asyncio.gather(*closing)
    # Every caller has its answer by the time close returns, or in the same turn of the loop.
    assert await asyncio.gather(first, *waiting) == [CREATED] * 6
    stored = other.execute("SELECT message_id FROM messages ORDER BY seq").fetchall()
    assert stored == [("first",), *((f"m{n}",) for n in range(5))]


async def test_close_does_not_hang_on_a_commit_that_fails(
    impatient_engine: AsyncEngine, other: sqlite3.Connection, message: Make, path: Path
) -> None:
    writer = SqliteMessageWriter(WritingConnection(impatient_engine, path))
    await writer.open()
    other.execute("BEGIN IMMEDIATE")
    call = asyncio.create_task(writer.add(message("m1"), received_at=NOW))
    await asyncio.sleep(0)
    await writer.close()
    with pytest.raises(StorageUnavailable, match="locked"):
        await call


async def test_a_cancelled_close_leaves_no_caller_waiting(
    writing_engine: AsyncEngine,
    other: sqlite3.Connection,
    message: Make,
    commits: list[str],
    until: Until,
    path: Path,
) -> None:
    writer = SqliteMessageWriter(WritingConnection(writing_engine, path))
    await writer.open()
    other.execute("BEGIN IMMEDIATE")
    call = asyncio.create_task(writer.add(message("m1"), received_at=NOW))
    await until(lambda: len(commits) == 1)
    closing = asyncio.create_task(writer.close())
    await asyncio.sleep(0)
    closing.cancel()
    other.execute("ROLLBACK")
    await asyncio.wait([closing])
    (outcome,) = await asyncio.wait_for(asyncio.gather(call, return_exceptions=True), timeout=120)
    assert outcome is CREATED or isinstance(outcome, StorageUnavailable)
    await writer.close()


async def test_open_twice_is_one_writer(
    writing_engine: AsyncEngine, path: Path, message: Make
) -> None:
    writer = SqliteMessageWriter(WritingConnection(writing_engine, path))
    await writer.open()
    await writer.open()
    writers = [task for task in asyncio.all_tasks() if task.get_name() == "lyftr-writer"]
    assert len(writers) == 1
    assert await writer.add(message("m1"), received_at=NOW) is CREATED
    await writer.close()
    assert writers[0].done()


async def test_a_closed_writer_can_be_opened_again(
    writer: SqliteMessageWriter, message: Make
) -> None:
    await writer.add(message("m1"), received_at=NOW)
    await writer.close()
    await writer.open()
    assert await writer.add(message("m2"), received_at=NOW) is CREATED


async def test_a_writer_whose_task_was_stopped_leaves_no_caller_waiting(
    writing_engine: AsyncEngine,
    path: Path,
    other: sqlite3.Connection,
    message: Make,
    commits: list[str],
    until: Until,
) -> None:
    writer = SqliteMessageWriter(WritingConnection(writing_engine, path), max_batch=1)
    await writer.open()
    other.execute("BEGIN IMMEDIATE")
    calls = [
        asyncio.create_task(writer.add(message(name), received_at=NOW)) for name in ("m1", "m2")
    ]
    await until(lambda: len(commits) == 1)
    (task,) = (task for task in asyncio.all_tasks() if task.get_name() == "lyftr-writer")
    task.cancel()
    other.execute("ROLLBACK")
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(outcome, StorageUnavailable) for outcome in outcomes)
    with pytest.raises(StorageUnavailable):
        await writer.add(message("m3"), received_at=NOW)
    await writer.close()
