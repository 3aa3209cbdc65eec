"""The writer: what it has acknowledged is committed, and calls in company share their commits."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from lyftr_core import AddOutcome, Message
from lyftr_sqlite import Commit, SqliteMessageWriter
from lyftr_sqlite.connection.writing import WritingConnection

CREATED, DUPLICATE, CONFLICT = AddOutcome.CREATED, AddOutcome.DUPLICATE, AddOutcome.CONFLICT
NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)

Make = Callable[..., Message]
Until = Callable[[Callable[[], bool]], Awaitable[None]]


async def start(writer: SqliteMessageWriter, *messages: Message) -> list[asyncio.Task[AddOutcome]]:
    """Return a call of `add` for each message; all of them wait in the queue by then."""
    calls = [asyncio.create_task(writer.add(m, received_at=NOW)) for m in messages]
    await asyncio.sleep(0)
    return calls


def ids(connection: sqlite3.Connection) -> list[str]:
    """Return what another process sees, in the order of `seq`."""
    rows = connection.execute("SELECT message_id FROM messages ORDER BY seq")
    return [message_id for (message_id,) in rows]


async def test_what_add_has_returned_for_is_seen_by_another_process(
    writer: SqliteMessageWriter, other: sqlite3.Connection, message: Make
) -> None:
    for number in range(5):
        assert await writer.add(message(f"m{number}"), received_at=NOW) is CREATED
        assert ids(other) == [f"m{n}" for n in range(number + 1)]


async def test_every_commit_is_synced_to_the_disk(
    writing_engine: AsyncEngine, message: Make, path: Path
) -> None:
    writer = SqliteMessageWriter(WritingConnection(writing_engine, path))
    await writer.open()
    await writer.add(message("m1"), received_at=NOW)
    await writer.close()
    # The pool holds one connection: this is the one that wrote.
    async with writing_engine.connect() as connection:
        full = await connection.exec_driver_sql("PRAGMA synchronous")
        assert full.scalar_one() == 2
        mode = await connection.exec_driver_sql("PRAGMA journal_mode")
        assert mode.scalar_one() == "wal"


async def test_messages_that_arrive_during_a_commit_share_the_next(
    writer: SqliteMessageWriter,
    other: sqlite3.Connection,
    message: Make,
    commits: list[str],
    until: Until,
) -> None:
    other.execute("BEGIN IMMEDIATE")
    first = await start(writer, message("first"))
    await until(lambda: len(commits) == 1)
    others = await start(writer, *(message(f"m{n}") for n in range(50)))
    other.execute("ROLLBACK")
    assert await asyncio.gather(*first, *others) == [CREATED] * 51
    assert len(commits) == 2
    assert ids(other) == ["first", *(f"m{n}" for n in range(50))]


async def test_messages_that_come_one_turn_of_the_loop_after_another_share_a_commit(
    writer: SqliteMessageWriter,
    message: Make,
    commits: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("lyftr_sql.group_commit._LONGEST_WAIT", 10)
    await writer.add(message("first"), received_at=NOW)
    before = len(commits)
    calls = [task for n in range(20) for task in await start(writer, message(f"m{n}"))]
    assert await asyncio.gather(*calls) == [CREATED] * 20
    assert len(commits) == before + 1


async def test_messages_that_come_without_end_hold_up_nobody(
    writing_engine: AsyncEngine, path: Path, message: Make
) -> None:
    commits: list[Commit] = []
    connection = WritingConnection(writing_engine, path)
    writer = SqliteMessageWriter(
        connection, on_commit=commits.append, max_batch=4_096, max_waiting=1_000_000
    )
    await writer.open()
    (first,) = await start(writer, message("first"))
    others: list[asyncio.Task[AddOutcome]] = []
    while not first.done():
        others += await start(writer, message(f"m{len(others)}"))
    assert commits[0].size < 4_096  # it did not wait until the batch was full
    await asyncio.gather(*others)
    await writer.close()


def test_batches_larger_than_a_statement_are_refused(
    writing_engine: AsyncEngine, path: Path
) -> None:
    with pytest.raises(ValueError, match="4096"):
        SqliteMessageWriter(WritingConnection(writing_engine, path), max_batch=4_097)


async def test_no_commit_is_longer_than_the_longest_batch(
    writing_engine: AsyncEngine,
    other: sqlite3.Connection,
    message: Make,
    commits: list[str],
    path: Path,
) -> None:
    writer = SqliteMessageWriter(WritingConnection(writing_engine, path), max_batch=8)
    await writer.open()
    calls = await start(writer, *(message(f"m{n}") for n in range(20)))
    assert await asyncio.gather(*calls) == [CREATED] * 20
    assert len(commits) == 3
    assert ids(other) == [f"m{n}" for n in range(20)]
    await writer.close()


async def test_one_batch_tells_created_duplicate_and_conflict_apart(
    writer: SqliteMessageWriter,
    other: sqlite3.Connection,
    message: Make,
    commits: list[str],
) -> None:
    calls = await start(
        writer,
        message("a", "first"),
        message("a", "first"),
        message("a", "second"),
        message("b"),
        message("a", "second"),
        message("a", "first"),
        message("a", None),
        message("b"),
    )
    outcomes = await asyncio.gather(*calls)
    in_messages, in_conflicts = commits
    assert in_messages.startswith("INSERT INTO messages")
    assert in_conflicts.startswith("INSERT INTO conflicts")
    assert outcomes == [
        *(CREATED, DUPLICATE, CONFLICT, CREATED),
        *(CONFLICT, DUPLICATE, CONFLICT, DUPLICATE),
    ]
    stored = other.execute("SELECT message_id, text FROM messages ORDER BY seq").fetchall()
    assert stored == [("a", "first"), ("b", "hello")]


async def test_one_batch_is_compared_with_what_was_stored_before(
    writer: SqliteMessageWriter, other: sqlite3.Connection, message: Make
) -> None:
    await writer.add(message("a", "kept"), received_at=NOW)
    calls = await start(
        writer,
        message("a", "other"),
        message("a", "kept"),
        message("b"),
        message("a", "other"),
    )
    assert await asyncio.gather(*calls) == [CONFLICT, DUPLICATE, CREATED, CONFLICT]
    stored = other.execute("SELECT message_id, text FROM messages ORDER BY seq").fetchall()
    assert stored == [("a", "kept"), ("b", "hello")]


async def test_a_row_of_another_process_is_a_duplicate(
    writer: SqliteMessageWriter, other: sqlite3.Connection, message: Make
) -> None:
    await writer.add(message("a"), received_at=NOW)
    other.execute(
        "INSERT INTO messages (message_id, sender, recipient, ts, text, received_at)"
        " SELECT 'b', sender, recipient, ts, text, received_at FROM messages"
    )
    assert await writer.add(message("b"), received_at=NOW) is DUPLICATE
    assert await writer.add(message("b", "else"), received_at=NOW) is CONFLICT


async def test_a_caller_cancelled_in_the_queue_harms_no_other(
    writer: SqliteMessageWriter,
    other: sqlite3.Connection,
    message: Make,
    commits: list[str],
    until: Until,
) -> None:
    other.execute("BEGIN IMMEDIATE")
    (first,) = await start(writer, message("first"))
    await until(lambda: len(commits) == 1)
    gone, stays = await start(writer, message("gone"), message("stays"))
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    other.execute("ROLLBACK")
    assert list(await asyncio.gather(first, stays)) == [CREATED, CREATED]
    assert {"first", "stays"} <= set(ids(other))
    assert await writer.add(message("later"), received_at=NOW) is CREATED


async def test_a_caller_cancelled_during_its_commit_harms_no_other(
    writer: SqliteMessageWriter,
    other: sqlite3.Connection,
    message: Make,
    commits: list[str],
    until: Until,
) -> None:
    other.execute("BEGIN IMMEDIATE")
    gone, stays = await start(writer, message("gone"), message("stays"))
    await until(lambda: len(commits) == 1)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    other.execute("ROLLBACK")
    assert await stays is CREATED
    assert await writer.add(message("later"), received_at=NOW) is CREATED
    assert len(commits) == 2
    assert {"stays", "later"} <= set(ids(other))


async def test_a_full_queue_refuses_at_once_and_keeps_what_waits(
    writing_engine: AsyncEngine,
    other: sqlite3.Connection,
    message: Make,
    commits: list[str],
    until: Until,
    path: Path,
) -> None:
    writer = SqliteMessageWriter(WritingConnection(writing_engine, path), max_waiting=2)
    await writer.open()
    other.execute("BEGIN IMMEDIATE")
    first = await start(writer, message("first"))
    await until(lambda: len(commits) == 1)
    waiting = await start(writer, message("m1"), message("m2"))
    (refused,) = await start(writer, message("too many"))
    # Nothing can be committed yet, so an answer now is an answer at once.
    assert refused.done()
    assert "too many messages wait" in str(refused.exception())
    other.execute("ROLLBACK")
    assert await asyncio.gather(*first, *waiting) == [CREATED] * 3
    assert ids(other) == ["first", "m1", "m2"]
    assert await writer.add(message("too many"), received_at=NOW) is CREATED
    await writer.close()
