"""Readiness: true when the database answers, false in time when it does not."""

import sqlite3
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from lyftr_sqlite.engines import READERS, create_reading_engine
from lyftr_sqlite.probe import SqliteReadinessProbe


async def test_a_database_that_answers_is_ready(reading_engine: AsyncEngine) -> None:
    assert await SqliteReadinessProbe(reading_engine).check() is None


async def test_a_missing_file_is_not_ready_and_is_not_made(
    tmp_path: Path, files: Callable[[Path], list[str]]
) -> None:
    engine = create_reading_engine(tmp_path / "absent.db")
    assert await SqliteReadinessProbe(engine).check() == "not answering"
    assert files(tmp_path) == []
    await engine.dispose()


async def test_a_missing_table_is_not_ready_until_it_is_back(
    reading_engine: AsyncEngine, other: sqlite3.Connection
) -> None:
    probe = SqliteReadinessProbe(reading_engine)
    other.execute("ALTER TABLE messages RENAME TO gone")
    assert await probe.check() == "not answering"
    other.execute("ALTER TABLE gone RENAME TO messages")
    assert await probe.check() is None


async def test_a_file_that_is_no_database_is_not_ready(tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear reader, " * 500)
    engine = create_reading_engine(file)
    assert await SqliteReadinessProbe(engine).check() == "not answering"
    await engine.dispose()


async def test_a_database_that_answers_too_late_is_not_ready(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lyftr_sqlite.engines.BUSY_TIMEOUT", 300)
    monkeypatch.setattr("lyftr_sqlite.probe.PATIENCE", 0.05)
    engine = create_reading_engine(path)
    locker = sqlite3.connect(path, isolation_level=None)
    locker.execute("PRAGMA locking_mode=EXCLUSIVE")
    locker.execute("BEGIN EXCLUSIVE")
    assert await SqliteReadinessProbe(engine).check() == "not answering"
    locker.close()
    monkeypatch.undo()
    assert await SqliteReadinessProbe(engine).check() is None
    await engine.dispose()


async def test_readers_that_are_all_busy_are_not_ready(
    reading_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lyftr_sqlite.probe.PATIENCE", 0.05)
    async with AsyncExitStack() as busy:
        for _ in range(READERS):
            await busy.enter_async_context(reading_engine.connect())
        assert await SqliteReadinessProbe(reading_engine).check() == "not answering"
    monkeypatch.undo()
    assert await SqliteReadinessProbe(reading_engine).check() is None
