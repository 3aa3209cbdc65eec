"""Reading: of one moment, never in the way of the writer, and never writing."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event, insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from lyftr_core import Message, MessageFilter, Selection, StorageUnavailable
from lyftr_sqlite import SqliteMessageReader, SqliteMessageWriter
from lyftr_sqlite.connection.engines import READERS, create_reading_engine
from lyftr_sqlite.schema.tables import messages

NOW = datetime(2026, 1, 15, 9, 30, 0, 250_000, tzinfo=UTC)
ALL = Selection(filter=MessageFilter(), limit=100)

Make = Callable[..., Message]

COPY = (
    "INSERT INTO messages (message_id, sender, recipient, ts, text, received_at)"
    " SELECT 'copy', '+14155550199', recipient, ts + 1, text, received_at FROM messages LIMIT 1"
)


@pytest.fixture
def reader(reading_engine: AsyncEngine) -> SqliteMessageReader:
    return SqliteMessageReader(reading_engine)


@pytest.mark.parametrize(
    "case",
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 0),
        (datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC), 1_000_005),
        (datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), -1),
        (datetime(2026, 1, 15, 9, 28, 35, tzinfo=UTC), 1_768_469_315_000_000),
        (datetime(1, 1, 1, tzinfo=UTC), -62_135_596_800_000_000),
        (datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), 253_402_300_799_999_999),
    ],
)
async def test_times_are_kept_as_whole_microseconds(
    writer: SqliteMessageWriter,
    reader: SqliteMessageReader,
    other: sqlite3.Connection,
    message: Make,
    case: tuple[datetime, int],
) -> None:
    moment, microseconds = case
    await writer.add(message("m1", ts=moment), received_at=moment)
    row = other.execute("SELECT typeof(ts), ts, typeof(received_at), received_at FROM messages")
    assert row.fetchall() == [("integer", microseconds, "integer", microseconds)]
    stored = await reader.get("m1")
    assert stored is not None
    assert (stored.message.ts, stored.received_at) == (moment, moment)


async def test_a_reader_cannot_write(
    reading_engine: AsyncEngine, other: sqlite3.Connection
) -> None:
    row = {"message_id": "m1", "sender": "a", "recipient": "b", "ts": 1, "received_at": 1}
    with pytest.raises(OperationalError, match="readonly"):
        async with reading_engine.begin() as connection:
            await connection.execute(insert(messages).values(row))
    assert other.execute("SELECT count(*) FROM messages").fetchone() == (0,)


async def test_reading_does_not_wait_for_an_open_transaction_and_does_not_see_it(
    writer: SqliteMessageWriter,
    reader: SqliteMessageReader,
    other: sqlite3.Connection,
    message: Make,
) -> None:
    await writer.add(message("m1"), received_at=NOW)
    other.execute("BEGIN IMMEDIATE")
    other.execute(COPY)
    assert (await reader.select(ALL)).total == 1
    assert await reader.get("copy") is None
    assert (await reader.stats()).total_messages == 1
    other.execute("COMMIT")
    assert (await reader.select(ALL)).total == 2
    assert await reader.get("copy") is not None
    assert (await reader.stats()).total_messages == 2


async def test_an_answer_is_of_one_moment_whatever_is_committed_meanwhile(
    writer: SqliteMessageWriter,
    reading_engine: AsyncEngine,
    reader: SqliteMessageReader,
    other: sqlite3.Connection,
    message: Make,
) -> None:
    await writer.add(message("m1"), received_at=NOW)
    added: list[int] = []

    @event.listens_for(reading_engine.sync_engine, "after_cursor_execute")
    def commit_another(
        _connection: object, _cursor: object, statement: str, *_rest: object
    ) -> None:
        if statement.startswith("SELECT"):
            added.append(other.execute(COPY.replace("'copy'", f"'copy {len(added)}'")).rowcount)

    before = await reader.select(ALL)
    assert (len(before.messages), before.total) == (1, 1)
    committed = 1 + sum(added)
    assert committed > 1
    stats = await reader.stats()
    assert stats.total_messages == committed
    assert sum(sender.count for sender in stats.messages_per_sender) == committed


async def test_a_missing_file_is_unavailable_and_is_not_made(
    tmp_path: Path, files: Callable[[Path], list[str]]
) -> None:
    engine = create_reading_engine(tmp_path / "absent.db")
    reader = SqliteMessageReader(engine)
    for reading in (reader.get("m1"), reader.select(ALL), reader.stats()):
        with pytest.raises(StorageUnavailable, match=r"absent\.db: there is no such") as refused:
            await reading
        assert isinstance(refused.value.__cause__, OperationalError)
    assert files(tmp_path) == []
    await engine.dispose()


async def test_a_missing_table_is_unavailable_until_it_is_back(
    reader: SqliteMessageReader, other: sqlite3.Connection
) -> None:
    assert await reader.get("m1") is None
    other.execute("ALTER TABLE messages RENAME TO gone")
    for reading in (reader.get("m1"), reader.select(ALL), reader.stats()):
        with pytest.raises(StorageUnavailable, match="no such table"):
            await reading
    other.execute("ALTER TABLE gone RENAME TO messages")
    assert await reader.get("m1") is None


async def test_readers_that_are_all_busy_are_unavailable(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lyftr_sqlite.connection.engines.BUSY_TIMEOUT", 50)
    engine = create_reading_engine(path)
    reader = SqliteMessageReader(engine)
    busy = [await engine.connect() for _ in range(READERS)]
    with pytest.raises(StorageUnavailable, match="cannot read"):
        await reader.get("m1")
    for connection in busy:
        await connection.close()
    assert await reader.get("m1") is None
    await engine.dispose()


async def test_text_is_searched_by_casefold_and_not_by_the_rules_of_sqlite(
    writer: SqliteMessageWriter, reader: SqliteMessageReader, message: Make
) -> None:
    await writer.add(message("m1", "STRASSE 100%_É"), received_at=NOW)
    await writer.add(message("m2", None), received_at=NOW)
    for q, total in [("straße", 1), ("%_é", 1), ("10%0", 0), ("s_rasse", 0), ("none", 0)]:
        found = await reader.select(Selection(filter=MessageFilter(q=q), limit=10))
        assert found.total == total, q
