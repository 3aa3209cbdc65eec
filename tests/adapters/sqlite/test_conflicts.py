"""Conflicts in their table: recorded durably before they are answered, or not answered 2xx."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from lyftr_core import (
    AddOutcome,
    Conflict,
    Message,
    SchemaMismatch,
    StorageError,
    StorageUnavailable,
)
from lyftr_sqlite import SqliteMessageWriter, SqliteStore, check
from tests.support.sqlite_files import open_database

CONFLICT, CREATED, DUPLICATE = AddOutcome.CONFLICT, AddOutcome.CREATED, AddOutcome.DUPLICATE
NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
REFUSE = (
    "CREATE TRIGGER refuse BEFORE INSERT ON conflicts BEGIN SELECT RAISE(ABORT, 'not now'); END"
)

Files = Callable[[Path], list[str]]
Make = Callable[..., Message]


def recorded(connection: sqlite3.Connection) -> list[tuple[str, str, int]]:
    return connection.execute(
        "SELECT message_id, fields, deliveries FROM conflicts ORDER BY 1, 2"
    ).fetchall()


async def test_batches_without_a_conflict_are_one_commit(
    writer: SqliteMessageWriter, message: Make, commits: list[str]
) -> None:
    for names in ("ab", "abc", "ab"):
        await asyncio.gather(*(writer.add(message(name), received_at=NOW) for name in names))
    assert [statement.split()[2] for statement in commits] == ["messages"] * 3


async def test_all_conflicts_of_a_batch_are_recorded_by_one_statement(
    writer: SqliteMessageWriter, other: sqlite3.Connection, message: Make, commits: list[str]
) -> None:
    await asyncio.gather(*(writer.add(message(name), received_at=NOW) for name in "ab"))
    commits.clear()
    versions = [message(name, text) for name in "ab" for text in ("x", "y", "x")]
    versions += [replace(message("a", "x"), sender="+12"), message("a"), message("new")]
    outcomes = await asyncio.gather(*(writer.add(m, received_at=NOW) for m in versions))
    assert outcomes == [*[CONFLICT] * 7, DUPLICATE, CREATED]
    assert len(commits) == 2
    assert recorded(other) == [("a", "from,text", 1), ("a", "text", 3), ("b", "text", 3)]


async def test_a_conflict_that_cannot_be_recorded_is_refused_and_safe_to_retry(
    writer: SqliteMessageWriter, other: sqlite3.Connection, message: Make
) -> None:
    await writer.add(message("m1"), received_at=NOW)
    other.execute(REFUSE)
    for _ in range(2):
        with pytest.raises(StorageUnavailable, match="not now"):
            await writer.add(message("m1", "other"), received_at=NOW)
    assert recorded(other) == []
    assert await writer.add(message("m1"), received_at=NOW) is DUPLICATE
    other.execute("DROP TRIGGER refuse")
    assert await writer.add(message("m1", "other"), received_at=NOW) is CONFLICT
    assert recorded(other) == [("m1", "text", 1)]


async def test_a_conflict_that_cannot_be_recorded_keeps_no_other_message_out(
    writer: SqliteMessageWriter, other: sqlite3.Connection, message: Make
) -> None:
    await writer.add(message("m1"), received_at=NOW)
    other.execute(REFUSE)
    batch = [message("m1", "other"), message("m2"), message("m1")]
    refusal, *others = await asyncio.gather(
        *(writer.add(m, received_at=NOW) for m in batch), return_exceptions=True
    )
    assert isinstance(refusal, StorageUnavailable)
    assert others == [DUPLICATE, DUPLICATE]  # the first try has stored one of them
    other.execute("DROP TRIGGER refuse")
    again = await asyncio.gather(*(writer.add(m, received_at=NOW) for m in batch))
    assert again == [CONFLICT, DUPLICATE, DUPLICATE]


async def test_a_full_disk_refuses_a_conflict_until_there_is_room(
    impatient_writer: SqliteMessageWriter,
    other: sqlite3.Connection,
    message: Make,
    full_disk: Callable[[], AbstractContextManager[None]],
) -> None:
    await impatient_writer.add(message("m1"), received_at=NOW)
    with full_disk(), pytest.raises(StorageUnavailable):
        await impatient_writer.add(message("m1", "other"), received_at=NOW)
    assert recorded(other) == []
    assert await impatient_writer.add(message("m1", "other"), received_at=NOW) is CONFLICT
    assert recorded(other) == [("m1", "text", 1)]


async def test_two_processes_count_the_same_conflict_together(path: Path, message: Make) -> None:
    url = f"sqlite:///{path}"
    async with SqliteStore(url) as one, SqliteStore(url) as another:
        await one.writer.add(message("m1"), received_at=NOW)
        calls = [
            store.writer.add(message("m1", f"{count}"), received_at=NOW + timedelta(seconds=count))
            for count in range(10)
            for store in (one, another)
        ]
        assert await asyncio.gather(*calls) == [CONFLICT] * 20
        expected = Conflict(
            message_id="m1",
            fields=("text",),
            first_received_at=NOW,
            last_received_at=NOW + timedelta(seconds=9),
            deliveries=20,
        )
        assert await one.reader.conflicts(9) == await another.reader.conflicts(9) == (expected,)


async def test_a_conflict_with_an_invalid_row_of_another_program_is_recorded(
    writer: SqliteMessageWriter, other: sqlite3.Connection, message: Make
) -> None:
    other.execute(
        "INSERT INTO messages (message_id, sender, recipient, ts, text, received_at)"
        " VALUES ('m1', x'80', '', 'x', 'hello', 0)"
    )
    assert await writer.add(message("m1"), received_at=NOW) is CONFLICT
    assert recorded(other) == [("m1", "from,to,ts", 1)]


@pytest.mark.parametrize(
    "change", ["first_received_at = 'x'", "last_received_at = 999999999999999999", "fields = x'66'"]
)
async def test_a_row_of_another_program_that_is_no_conflict_is_an_error_of_the_store(
    message: Make, change: str
) -> None:
    async with open_database() as database:
        await database.add([message("m1"), message("m1", "other")])
        database.plain.execute(f"UPDATE conflicts SET {change}")  # noqa: S608 - of constants
        with pytest.raises(StorageError, match="lyftr check says more"):
            await database.reader.conflicts(1)
        assert [finding.subject for finding in check(database.path) if finding.faults] == [
            "conflicts"
        ]


async def test_conflicts_outlive_a_restart(path: Path, message: Make) -> None:
    async with SqliteStore(f"sqlite:///{path}") as store:
        await store.writer.add(message("m1"), received_at=NOW)
        await store.writer.add(message("m1", "other"), received_at=NOW)
        before = await store.reader.conflicts(9)
    async with SqliteStore(f"sqlite:///{path}") as store:
        assert await store.reader.conflicts(9) == before
        assert len(before) == 1


async def test_a_store_opened_for_reading_alone_reads_and_changes_nothing(
    path: Path, message: Make, files: Files
) -> None:
    async with SqliteStore(f"sqlite:///{path}") as store:
        await store.writer.add(message("m1"), received_at=NOW)
        await store.writer.add(message("m1", "other"), received_at=NOW)
    before = path.read_bytes()
    store = SqliteStore(f"sqlite:///{path}")
    for _ in range(2):
        async with store.reading():
            assert len(await store.reader.conflicts(9)) == 1
            with pytest.raises(StorageUnavailable, match="not open"):
                await store.writer.add(message("m2"), received_at=NOW)
        assert (path.read_bytes(), files(path.parent)) == (before, [path.name])


async def test_a_missing_file_is_not_read_and_not_made(tmp_path: Path, files: Files) -> None:
    store = SqliteStore(f"sqlite:///{tmp_path}/inbox.db")
    with pytest.raises(StorageUnavailable, match="there is no such file"):
        await store.reading().__aenter__()
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DELETE FROM alembic_version", "has schema none, and this lyftr uses .*lyftr migrate"),
        ("UPDATE alembic_version SET version_num = '9'", "newer"),
    ],
)
async def test_another_schema_is_not_read(path: Path, statement: str, words: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
    connection.close()
    with pytest.raises(SchemaMismatch, match=words):
        await SqliteStore(f"sqlite:///{path}").reading().__aenter__()
