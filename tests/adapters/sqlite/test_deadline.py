"""No reading takes a connection for ever: not a slow one, nor one that nobody waits for."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import QueuePool

from lyftr_core import Message, MessageFilter, Selection, StorageUnavailable, StoredMessage
from lyftr_sqlite import SqliteMessageReader, SqliteMessageWriter
from lyftr_sqlite.connection.deadline import within
from lyftr_sqlite.connection.engines import READERS
from tests.support.sqlite_files import NOW

Make = Callable[..., Message]
Until = Callable[[Callable[[], bool]], Awaitable[None]]
Read = Callable[[SqliteMessageReader], Coroutine[Any, Any, object]]

# A hundred seconds and more, so that a fault is one test that fails, not all that hang.
_FOR_EVER = 300_000_000
_AT_ONCE = 30.0
"""Far beyond what a busy machine needs, and far below what the statement itself takes."""
_COUNT = """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
    SELECT count(*) FROM n"""
_LIMIT = 0.1
_READINGS: list[Read] = [
    lambda reader: reader.get("m1"),
    lambda reader: reader.select(Selection(filter=MessageFilter(), limit=1)),
    lambda reader: reader.select(Selection(filter=MessageFilter(q="x"), limit=1)),
    lambda reader: reader.select(Selection(filter=MessageFilter(q="needle"), limit=1)),
    lambda reader: reader.stats(),
]


@pytest.fixture
async def stored(writer: SqliteMessageWriter, message: Make) -> None:
    await writer.add(message("m1"), received_at=NOW)


@pytest.fixture
def slow(stored: None, path: Path) -> None:
    """A database in which whatever looks at the messages takes for ever."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("ALTER TABLE messages RENAME TO kept")
        connection.execute(
            f"""CREATE VIEW messages AS
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {_FOR_EVER})
            SELECT kept.* FROM n JOIN kept ON seq = -i"""  # noqa: S608 - of constants
        )


def _make_fast(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP VIEW messages")
        connection.execute("ALTER TABLE kept RENAME TO messages")


def _free(engine: AsyncEngine) -> int:
    assert isinstance(engine.pool, QueuePool)
    return READERS - engine.pool.checkedout()


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("read", _READINGS)
async def test_what_takes_too_long_is_unavailable_soon_after_the_limit(
    reading_engine: AsyncEngine, read: Read
) -> None:
    reader = SqliteMessageReader(reading_engine, patience=_LIMIT)
    began = time.monotonic()
    with pytest.raises(StorageUnavailable, match=r"the answer takes longer than 0\.1 s"):
        await read(reader)
    assert _LIMIT <= time.monotonic() - began < _LIMIT + _AT_ONCE
    assert _free(reading_engine) == READERS


@pytest.mark.usefixtures("slow")
async def test_connections_that_were_too_slow_serve_the_next(
    reading_engine: AsyncEngine, path: Path
) -> None:
    reader = SqliteMessageReader(reading_engine, patience=_LIMIT)
    refused = await asyncio.gather(
        *(reader.get("m1") for _ in range(2 * READERS)), return_exceptions=True
    )
    assert [type(refusal) for refusal in refused] == [StorageUnavailable] * (2 * READERS)
    _make_fast(path)
    reader = SqliteMessageReader(reading_engine)  # of the same connections, and more patient
    for _ in range(10):
        found = await asyncio.gather(*(reader.get("m1") for _ in range(READERS)))
        assert all(found)


@pytest.fixture
async def reading(
    reading_engine: AsyncEngine, slow: None, until: Until
) -> AsyncIterator["asyncio.Task[StoredMessage | None]"]:
    """A reading that takes for ever, under way in its thread."""
    begun: list[str] = []

    @event.listens_for(reading_engine.sync_engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, sql: str, *_: object) -> None:
        begun.append(sql)

    reader = SqliteMessageReader(reading_engine, patience=3_600)
    task = asyncio.create_task(reader.get("m1"))
    await until(lambda: bool(begun) and begun[-1].startswith("SELECT"))
    await asyncio.sleep(0.05)  # there is no event of the thread's own beginning
    yield task
    task.cancel()
    await asyncio.wait([task])


async def test_a_reading_that_takes_for_ever_delays_no_commit(
    reading: "asyncio.Task[object]", other: sqlite3.Connection
) -> None:
    for number in range(20):
        other.execute(
            "INSERT INTO kept (message_id, sender, recipient, ts, received_at)"
            " VALUES (?, '+12', '+13', 0, 0)",
            (f"w{number}",),
        )
    await asyncio.sleep(0)
    assert not reading.done()


async def test_who_is_cancelled_while_reading_is_cancelled_at_once(
    reading: "asyncio.Task[object]",
) -> None:
    began = time.monotonic()
    reading.cancel()
    await asyncio.wait([reading])
    assert reading.cancelled()
    assert time.monotonic() - began < _AT_ONCE


async def test_a_limit_of_the_caller_holds_too(reading: "asyncio.Task[object]") -> None:
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(_LIMIT):
            await reading
    assert time.monotonic() - began < _AT_ONCE


async def test_a_statement_that_nobody_waits_for_ends_at_once(
    reading: "asyncio.Task[object]",
    reading_engine: AsyncEngine,
    until: Until,
    open_connections: Callable[[], int],
    path: Path,
) -> None:
    reading.cancel()
    await until(lambda: _free(reading_engine) == READERS)
    _make_fast(path)
    assert await SqliteMessageReader(reading_engine).get("m1") is not None
    await reading_engine.dispose()
    await until(lambda: open_connections() == 1)  # the writer's


@pytest.mark.usefixtures("slow")
async def test_whenever_it_is_cancelled_it_is_cancelled_and_leaves_nothing_running(
    reading_engine: AsyncEngine, until: Until, open_connections: Callable[[], int]
) -> None:
    reader = SqliteMessageReader(reading_engine, patience=5)
    for turns in range(40):
        task = asyncio.create_task(reader.get("m1"))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled(), turns
    await until(lambda: _free(reading_engine) == READERS)
    await reading_engine.dispose()
    await until(lambda: open_connections() == 1)  # the writer's


async def test_a_statement_in_time_is_not_interrupted_afterwards(
    reading_engine: AsyncEngine,
) -> None:
    async with reading_engine.connect() as connection:
        await within(0.05, connection, connection.exec_driver_sql("SELECT 1"))
        counted = await connection.exec_driver_sql(_COUNT, (1_500_000,))
        assert counted.scalar_one() == 1_500_000


async def test_another_failure_keeps_its_own_words(reading_engine: AsyncEngine) -> None:
    async with reading_engine.connect() as connection:
        with pytest.raises(OperationalError, match="no such table"):
            await within(60, connection, connection.exec_driver_sql("SELECT * FROM nowhere"))


async def test_the_limit_is_that_of_all_statements_together(reading_engine: AsyncEngine) -> None:

    async def count_often(connection: AsyncConnection) -> None:
        for _ in range(10_000):
            await connection.exec_driver_sql(_COUNT, (100_000,))

    async with reading_engine.connect() as connection:
        with pytest.raises(StorageUnavailable, match=r"longer than 0\.2 s"):
            await within(0.2, connection, count_often(connection))
        assert (await connection.exec_driver_sql(_COUNT, (7,))).scalar_one() == 7
