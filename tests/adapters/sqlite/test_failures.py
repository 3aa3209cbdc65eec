"""What an error of the database tells: never what the database holds, or was asked for."""

import sqlite3
import traceback
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from lyftr_core import StorageUnavailable
from lyftr_sqlite import SqliteMessageReader
from lyftr_sqlite.schema.migrate import _create_engine

_CANARY = "+4915144444444"
_WRONG = "INSERT INTO nowhere VALUES (:canary)"


def _shown(error: BaseException) -> str:
    """Return all that a log could show of an error and of what led to it."""
    chain = [repr(error), *traceback.format_exception(error)]
    return "\n".join(chain)


async def test_an_error_of_a_statement_shows_no_parameter(
    writing_engine: AsyncEngine, reading_engine: AsyncEngine
) -> None:
    for engine in (writing_engine, reading_engine):
        async with engine.connect() as connection:
            with pytest.raises(DBAPIError) as caught:
                await connection.execute(text(_WRONG), {"canary": _CANARY})
        assert "no such table" in _shown(caught.value)
        assert _CANARY not in _shown(caught.value)


def test_an_error_of_a_migration_shows_no_parameter(path: Path) -> None:
    with _create_engine(path).connect() as connection, pytest.raises(DBAPIError) as caught:
        connection.execute(text(_WRONG), {"canary": _CANARY})
    assert "no such table" in _shown(caught.value)
    assert _CANARY not in _shown(caught.value)


async def test_the_reason_of_an_unreadable_value_does_not_repeat_it(
    reading_engine: AsyncEngine, other: sqlite3.Connection
) -> None:
    other.execute(
        "INSERT INTO messages (message_id, sender, recipient, ts, received_at, text)"
        " VALUES ('m1', '+12', '+13', 0, 0, CAST(? AS TEXT))",
        [_CANARY.encode() + b"\xff"],
    )
    with pytest.raises(StorageUnavailable, match=r"inbox\.db: Could not decode") as caught:
        await SqliteMessageReader(reading_engine).get("m1")
    assert _CANARY not in str(caught.value)
