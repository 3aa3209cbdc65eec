"""More is offered than a slow disk takes: what does not fit is refused at once, and costs nothing.

The disk is slow because another connection holds the write lock, in turns. Nothing here is
measured in seconds: what waits is counted in messages and commits.
"""

import asyncio
import gc
import math
import sqlite3
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection
from sqlalchemy.ext.asyncio import AsyncEngine

from lyftr_core import AddOutcome, Message, StorageUnavailable
from lyftr_sqlite import SqliteMessageWriter
from lyftr_sqlite.connection.writing import WritingConnection

NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
QUEUE, BATCH = 200, 40

Make = Callable[..., Message]
Until = Callable[[Callable[[], bool]], Awaitable[None]]


@pytest.fixture
async def small_writer(
    writing_engine: AsyncEngine, path: Path
) -> AsyncIterator[SqliteMessageWriter]:
    """A writer with a short queue.

    It waits for another's lock for as long as a test holds it, on a busy machine too.
    """

    @event.listens_for(writing_engine.sync_engine, "connect")
    def lengthen(connection: AsyncAdapt_aiosqlite_connection, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout=30000")
        cursor.close()

    connection = WritingConnection(writing_engine, path)
    writer = SqliteMessageWriter(connection, max_batch=BATCH, max_waiting=QUEUE)
    await writer.open()
    yield writer
    await writer.close()


@pytest.fixture
async def fill_queue(
    small_writer: SqliteMessageWriter, message: Make, commits: list[str], until: Until
) -> Callable[[], Awaitable[list[asyncio.Task[AddOutcome]]]]:
    """Offers what fits while nothing can be committed: one batch under way, and a full queue."""

    async def fill() -> list[asyncio.Task[AddOutcome]]:
        calls = [start(small_writer, message("first"))]
        await until(lambda: len(commits) == 1)
        calls += [start(small_writer, message(f"fits {n}")) for n in range(QUEUE)]
        await asyncio.sleep(0)
        return calls

    return fill


def start(writer: SqliteMessageWriter, message: Message) -> asyncio.Task[AddOutcome]:
    return asyncio.create_task(writer.add(message, received_at=NOW))


def committed(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT message_id FROM messages")}


async def test_of_ten_times_what_fits_the_rest_is_refused_before_anything_is_committed(
    small_writer: SqliteMessageWriter,
    fill_queue: Callable[[], Awaitable[list[asyncio.Task[AddOutcome]]]],
    other: sqlite3.Connection,
    message: Make,
    commits: list[str],
) -> None:
    other.execute("BEGIN IMMEDIATE")
    fitting = await fill_queue()
    refused = [start(small_writer, message(f"too many {n}")) for n in range(9 * QUEUE)]
    await asyncio.sleep(0)  # one turn of the loop, in which no commit can end
    assert {str(call.exception()) for call in refused} == {"too many messages wait to be committed"}
    assert not any(call.done() for call in fitting)
    assert len(commits) == 1
    other.execute("ROLLBACK")
    assert await asyncio.gather(*fitting) == [AddOutcome.CREATED] * (QUEUE + 1)
    assert committed(other) == {"first", *(f"fits {n}" for n in range(QUEUE))}


async def test_what_is_refused_leaves_nothing_in_memory(
    small_writer: SqliteMessageWriter,
    fill_queue: Callable[[], Awaitable[list[asyncio.Task[AddOutcome]]]],
    other: sqlite3.Connection,
    message: Make,
) -> None:
    async def offer(count: int) -> None:
        for n in range(count):
            with pytest.raises(StorageUnavailable):
                await small_writer.add(message(f"too many {n}", "é" * 4_000), received_at=NOW)
        gc.collect()

    other.execute("BEGIN IMMEDIATE")
    fitting = await fill_queue()
    tracemalloc.start()
    try:
        await offer(10)
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        await offer(10 * QUEUE)
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Kept, they would be 16 MB and more.
    assert after - before < 500_000
    assert peak - before < 1_000_000
    other.execute("ROLLBACK")
    await asyncio.gather(*fitting)


async def test_whoever_is_accepted_waits_for_no_more_commits_than_the_queue_has_batches(
    small_writer: SqliteMessageWriter,
    fill_queue: Callable[[], Awaitable[list[asyncio.Task[AddOutcome]]]],
    other: sqlite3.Connection,
    message: Make,
    commits: list[str],
) -> None:
    waited: list[int] = []

    async def add(number: int) -> bool:
        accepted_at = len(commits)
        try:
            await small_writer.add(message(f"m{number}"), received_at=NOW)
        except StorageUnavailable:
            return False
        waited.append(len(commits) - accepted_at)
        return True

    other.execute("BEGIN IMMEDIATE")
    fitting = await fill_queue()
    other.execute("ROLLBACK")
    offers: list[asyncio.Task[bool]] = []
    while len(commits) < 20:  # in each turn of the loop, more than the disk takes
        offers += [asyncio.create_task(add(len(offers) + n)) for n in range(BATCH)]
        await asyncio.sleep(0)
    accepted = await asyncio.gather(*offers)
    await asyncio.gather(*fitting)
    assert sum(accepted) == len(waited) == len(committed(other)) - len(fitting)
    assert accepted.count(False) > accepted.count(True)
    # That under way, those before it in the queue, its own; and the next may have begun already.
    assert QUEUE / BATCH <= max(waited) <= 1 + math.ceil(QUEUE / BATCH) + 1
