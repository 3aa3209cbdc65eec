"""Readiness: true when the database answers, false in time when it does not."""

import sqlite3
from collections.abc import Callable
from contextlib import AsyncExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from lyftr_core import Message, StorageUnavailable
from lyftr_sqlite import SqliteMessageWriter
from lyftr_sqlite.connection.engines import READERS, create_reading_engine
from lyftr_sqlite.store import SqliteReadinessProbe

Make = Callable[..., Message]
NOW = datetime(2026, 1, 15, tzinfo=UTC)


async def test_a_database_that_answers_is_ready(
    reading_engine: AsyncEngine, writer: SqliteMessageWriter
) -> None:
    assert await SqliteReadinessProbe(reading_engine, writer).check() is None


async def test_a_missing_file_is_not_ready_and_is_not_made(
    tmp_path: Path, files: Callable[[Path], list[str]], writer: SqliteMessageWriter
) -> None:
    engine = create_reading_engine(tmp_path / "absent.db")
    assert await SqliteReadinessProbe(engine, writer).check() == "not answering"
    assert "absent.db" not in files(tmp_path)
    await engine.dispose()


async def test_a_missing_table_is_not_ready_until_it_is_back(
    reading_engine: AsyncEngine, other: sqlite3.Connection, writer: SqliteMessageWriter
) -> None:
    probe = SqliteReadinessProbe(reading_engine, writer)
    other.execute("ALTER TABLE messages RENAME TO gone")
    assert await probe.check() == "not answering"
    other.execute("ALTER TABLE gone RENAME TO messages")
    assert await probe.check() is None


async def test_a_file_that_is_no_database_is_not_ready(
    tmp_path: Path, writer: SqliteMessageWriter
) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear reader, " * 500)
    engine = create_reading_engine(file)
    assert await SqliteReadinessProbe(engine, writer).check() == "not answering"
    await engine.dispose()


async def test_a_database_that_answers_too_late_is_not_ready(
    path: Path, monkeypatch: pytest.MonkeyPatch, writer: SqliteMessageWriter
) -> None:
    monkeypatch.setattr("lyftr_sqlite.connection.engines.BUSY_TIMEOUT", 300)
    monkeypatch.setattr("lyftr_sql.store.PATIENCE", 0.05)
    engine = create_reading_engine(path)
    locker = sqlite3.connect(path, isolation_level=None)
    locker.execute("PRAGMA locking_mode=EXCLUSIVE")
    locker.execute("BEGIN EXCLUSIVE")
    assert await SqliteReadinessProbe(engine, writer).check() == "not answering"
    locker.close()
    monkeypatch.undo()
    assert await SqliteReadinessProbe(engine, writer).check() is None
    await engine.dispose()


async def test_readers_that_are_all_busy_are_not_ready(
    reading_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch, writer: SqliteMessageWriter
) -> None:
    monkeypatch.setattr("lyftr_sql.store.PATIENCE", 0.05)
    async with AsyncExitStack() as busy:
        for _ in range(READERS):
            await busy.enter_async_context(reading_engine.connect())
        assert await SqliteReadinessProbe(reading_engine, writer).check() == "not answering"
    monkeypatch.undo()
    assert await SqliteReadinessProbe(reading_engine, writer).check() is None


async def test_a_database_that_takes_no_commits_is_not_ready_until_it_does(
    path: Path, reading_engine: AsyncEngine, impatient_writer: SqliteMessageWriter, message: Make
) -> None:
    probe = SqliteReadinessProbe(reading_engine, impatient_writer)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageUnavailable):
            await impatient_writer.add(message("m1"), received_at=NOW)
        assert await probe.check() == "cannot commit"
        other.execute("ROLLBACK")
    assert await probe.check() is None


async def test_deleted_files_are_not_ready_though_readers_still_answer(
    path: Path, reading_engine: AsyncEngine, writer: SqliteMessageWriter, message: Make
) -> None:
    probe = SqliteReadinessProbe(reading_engine, writer)
    await writer.add(message("m1"), received_at=NOW)
    assert await probe.check() is None
    path.unlink()
    assert await probe.check() == "cannot commit"


async def test_a_closed_writer_is_not_ready(
    reading_engine: AsyncEngine, writer: SqliteMessageWriter
) -> None:
    await writer.close()
    assert await SqliteReadinessProbe(reading_engine, writer).check() == "closed"
