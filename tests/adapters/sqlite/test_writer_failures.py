"""Commits that fail: every caller is told, nothing of the batch is kept, the writer goes on."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from lyftr_core import AddOutcome, Message, StorageUnavailable
from lyftr_sqlite import SqliteMessageWriter, migrate
from lyftr_sqlite.connection.engines import create_writing_engine
from lyftr_sqlite.connection.writing import WritingConnection

CREATED = AddOutcome.CREATED
NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)

Files = Callable[[Path], list[str]]
Make = Callable[..., Message]


async def refusals(writer: SqliteMessageWriter, *messages: Message) -> list[StorageUnavailable]:
    """Add all messages at once, and return the errors; there is no other answer."""
    calls = (writer.add(m, received_at=NOW) for m in messages)
    answers = await asyncio.gather(*calls, return_exceptions=True)
    found = [answer for answer in answers if isinstance(answer, StorageUnavailable)]
    assert len(found) == len(messages), answers
    return found


def causes(exc: BaseException) -> Iterator[BaseException]:
    while exc.__cause__:
        yield (exc := exc.__cause__)


def count(connection: sqlite3.Connection) -> int:
    (number,) = connection.execute("SELECT count(*) FROM messages").fetchone()
    return int(number)


async def test_a_lock_that_stays_refuses_every_caller_with_its_cause(
    impatient_writer: SqliteMessageWriter, other: sqlite3.Connection, message: Make
) -> None:
    other.execute("BEGIN IMMEDIATE")
    errors = await refusals(impatient_writer, *(message(f"m{n}") for n in range(3)))
    # Each caller has an error of its own: a shared one would gather everybody's traceback.
    assert len({id(error) for error in errors}) == 3
    for error in errors:
        assert "database is locked" in str(error)
        assert any(isinstance(cause, sqlite3.OperationalError) for cause in causes(error))
    other.execute("ROLLBACK")
    assert count(other) == 0
    assert await impatient_writer.add(message("m0"), received_at=NOW) is CREATED


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("RAISE(ABORT, 'not this one')", "not this one"),
        ("RAISE(ROLLBACK, 'not this one')", "not this one"),
        ("RAISE(IGNORE)", "a row was not stored"),
        ("abs(-9223372036854775808)", "integer overflow"),
        ("json(new.message_id)", "malformed JSON"),
    ],
)
async def test_a_row_that_the_database_does_not_take_keeps_no_other_out(
    writer: SqliteMessageWriter, other: sqlite3.Connection, message: Make, what: str, reason: str
) -> None:
    other.execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON messages WHEN new.message_id = 'bad'"
        f" BEGIN SELECT {what}; END"
    )
    calls = (writer.add(message(name), received_at=NOW) for name in ("a", "bad", "b"))
    first, refusal, last = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(refusal, StorageUnavailable)
    assert reason in str(refusal)
    taken = AddOutcome.DUPLICATE if "IGNORE" in what else CREATED  # of the first try
    assert (first, last) == (taken, taken)
    assert count(other) == 2
    assert await writer.check() is None
    other.execute("DROP TRIGGER refuse")
    assert await writer.add(message("bad"), received_at=NOW) is CREATED


async def test_a_refused_row_costs_no_connection(
    writer: SqliteMessageWriter,
    other: sqlite3.Connection,
    message: Make,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await writer.add(message("a"), received_at=NOW)
    other.execute("CREATE UNIQUE INDEX one_text ON messages (text) WHERE text = 'once'")
    await writer.add(message("b", "once"), received_at=NOW)
    opened: list[object] = []
    monkeypatch.setattr(AsyncEngine, "connect", opened.append)
    (error,) = await refusals(writer, message("c", "once"))
    assert "UNIQUE constraint failed" in str(error)
    assert await writer.add(message("d"), received_at=NOW) is CREATED
    assert not opened


async def test_a_refusal_shows_nothing_of_the_message(
    impatient_writer: SqliteMessageWriter, other: sqlite3.Connection, message: Make
) -> None:
    other.execute("ALTER TABLE messages RENAME TO gone")
    (error,) = await refusals(impatient_writer, message("m1", "a private matter"))
    assert "private" not in str(error)
    assert "+91" not in str(error)


async def test_a_missing_table_refuses_until_it_is_back(
    impatient_writer: SqliteMessageWriter, other: sqlite3.Connection, message: Make
) -> None:
    assert await impatient_writer.add(message("m1"), received_at=NOW) is CREATED
    other.execute("ALTER TABLE messages RENAME TO gone")
    errors = await refusals(impatient_writer, message("m2"), message("m3"))
    assert all("no such table" in str(error) for error in errors)
    other.execute("ALTER TABLE gone RENAME TO messages")
    assert await impatient_writer.add(message("m2"), received_at=NOW) is CREATED
    assert count(other) == 2


async def test_a_full_disk_refuses_until_there_is_room(
    impatient_writer: SqliteMessageWriter,
    other: sqlite3.Connection,
    message: Make,
    full_disk: Callable[[], AbstractContextManager[None]],
) -> None:
    assert await impatient_writer.add(message("m1"), received_at=NOW) is CREATED
    with full_disk():
        errors = await refusals(impatient_writer, message("m2"), message("m3"))
    assert all(any(isinstance(c, sqlite3.Error) for c in causes(e)) for e in errors)
    assert count(other) == 1
    assert await impatient_writer.add(message("m2"), received_at=NOW) is CREATED
    assert await impatient_writer.add(message("m1"), received_at=NOW) is AddOutcome.DUPLICATE


async def test_a_caller_that_left_before_the_failure_harms_no_other(
    impatient_writer: SqliteMessageWriter, other: sqlite3.Connection, message: Make
) -> None:
    other.execute("BEGIN IMMEDIATE")
    gone = asyncio.create_task(impatient_writer.add(message("gone"), received_at=NOW))
    stays = asyncio.create_task(impatient_writer.add(message("stays"), received_at=NOW))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(StorageUnavailable, match="locked"):
        await stays
    assert gone.cancelled()
    other.execute("ROLLBACK")
    assert await impatient_writer.add(message("stays"), received_at=NOW) is CREATED


async def test_a_failed_batch_does_not_touch_those_behind_it(
    impatient_engine: AsyncEngine, other: sqlite3.Connection, message: Make, path: Path
) -> None:
    other.execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON messages WHEN new.message_id = 'bad'"
        " BEGIN SELECT RAISE(ABORT, 'not this one'); END"
    )
    writer = SqliteMessageWriter(WritingConnection(impatient_engine, path), max_batch=1)
    await writer.open()
    answers = await asyncio.gather(
        *(writer.add(message(name), received_at=NOW) for name in ("a", "bad", "b")),
        return_exceptions=True,
    )
    assert answers[0] is CREATED
    assert isinstance(answers[1], StorageUnavailable)
    assert answers[2] is CREATED
    await writer.close()


async def test_a_missing_file_is_refused_and_not_made(
    tmp_path: Path, message: Make, files: Files
) -> None:
    file = tmp_path / "absent.db"
    engine = create_writing_engine(file)
    writer = SqliteMessageWriter(WritingConnection(engine, file))
    await writer.open()
    await refusals(writer, message("m1"))
    assert files(tmp_path) == []
    migrate(file)
    assert await writer.add(message("m1"), received_at=NOW) is CREATED
    await writer.close()
    await engine.dispose()


async def test_a_failed_connection_is_dropped_and_the_next_batch_opens_another(
    impatient_writer: SqliteMessageWriter,
    other: sqlite3.Connection,
    message: Make,
    open_connections: Callable[[], int],
    until: Callable[[Callable[[], bool]], Awaitable[None]],
) -> None:
    await impatient_writer.add(message("m1"), received_at=NOW)
    assert open_connections() == 1
    other.execute("ALTER TABLE messages RENAME TO gone")
    await refusals(impatient_writer, message("m2"))
    await until(lambda: open_connections() == 0)
    other.execute("ALTER TABLE gone RENAME TO messages")
    assert await impatient_writer.add(message("m2"), received_at=NOW) is CREATED
    assert open_connections() == 1


async def test_a_file_that_is_no_database_is_refused_and_left_alone(
    tmp_path: Path, message: Make
) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear reader, " * 500)
    engine = create_writing_engine(file)
    writer = SqliteMessageWriter(WritingConnection(engine, file))
    await writer.open()
    await refusals(writer, message("m1"))
    assert file.read_text() == "Dear reader, " * 500
    await writer.close()
    await engine.dispose()


@pytest.mark.parametrize("read_only_file", ["read-only folder", "writable folder"], indirect=True)
async def test_a_read_only_file_is_refused(read_only_file: Path, message: Make) -> None:
    engine = create_writing_engine(read_only_file)
    writer = SqliteMessageWriter(WritingConnection(engine, read_only_file))
    await writer.open()
    await refusals(writer, message("m1"))
    await writer.close()
    await engine.dispose()


async def test_a_row_that_vanishes_between_the_two_statements_is_no_acknowledgement(
    impatient_engine: AsyncEngine,
    impatient_writer: SqliteMessageWriter,
    path: Path,
    message: Make,
) -> None:
    await impatient_writer.add(message("m1"), received_at=NOW)

    @event.listens_for(impatient_engine.sync_engine, "before_cursor_execute")
    def delete(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("SELECT"):
            with closing(sqlite3.connect(path)) as connection, connection:
                connection.execute("DELETE FROM messages")

    await refusals(impatient_writer, message("m1"))


async def test_nothing_is_acknowledged_into_a_deleted_file(
    impatient_writer: SqliteMessageWriter, path: Path, message: Make, files: Files
) -> None:
    await impatient_writer.add(message("m1"), received_at=NOW)
    for name in files(path.parent):
        (path.parent / name).unlink()
    await refusals(impatient_writer, message("m2"))


async def test_nothing_is_acknowledged_into_a_replaced_file_until_the_first_is_back(
    impatient_writer: SqliteMessageWriter,
    path: Path,
    message: Make,
    files: Files,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    await impatient_writer.add(message("m1"), received_at=NOW)
    aside = tmp_path_factory.mktemp("aside")
    for name in files(path.parent):
        (path.parent / name).rename(aside / name)
    migrate(path)
    for _ in range(3):
        await refusals(impatient_writer, message("m2"))
    for name in files(aside):
        (aside / name).rename(path.parent / name)
    assert await impatient_writer.add(message("m2"), received_at=NOW) is CREATED
    with closing(sqlite3.connect(path)) as connection:
        assert count(connection) == 2


async def test_a_file_moved_over_the_database_is_never_written_to(
    impatient_writer: SqliteMessageWriter, path: Path, tmp_path: Path, message: Make
) -> None:
    """With the old log left beside it, SQLite would play that log into the new file."""
    await impatient_writer.add(message("m1"), received_at=NOW)
    migrate(tmp_path / "backup.db")
    (tmp_path / "backup.db").rename(path)
    before = path.read_bytes()
    for _ in range(3):
        await refusals(impatient_writer, message("m2"))
    assert path.read_bytes() == before


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
async def test_nothing_is_acknowledged_without_the_log_and_the_shared_memory(
    impatient_writer: SqliteMessageWriter, path: Path, message: Make, suffix: str
) -> None:
    await impatient_writer.add(message("m1"), received_at=NOW)
    Path(f"{path}{suffix}").unlink()
    for _ in range(3):
        await refusals(impatient_writer, message("m2"))


async def test_a_failure_after_the_file_was_replaced_opens_no_other_file(
    impatient_writer: SqliteMessageWriter, path: Path, tmp_path: Path, message: Make
) -> None:
    await impatient_writer.add(message("m1"), received_at=NOW)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        await refusals(impatient_writer, message("m2"))  # and drops the connection
        other.execute("ROLLBACK")
    migrate(tmp_path / "backup.db")
    (tmp_path / "backup.db").rename(path)
    before = path.read_bytes()
    for _ in range(3):
        await refusals(impatient_writer, message("m2"))
    assert path.read_bytes() == before


async def test_a_faulty_call_fails_no_other(writer: SqliteMessageWriter, message: Make) -> None:
    naive = NOW.replace(tzinfo=None)
    faulty = writer.add(message("m1"), received_at=naive)
    sound = writer.add(message("m2"), received_at=NOW)
    first, second = await asyncio.gather(faulty, sound, return_exceptions=True)
    assert isinstance(first, TypeError)
    assert second is CREATED


async def test_an_invalid_row_of_another_program_fails_no_batch(
    writer: SqliteMessageWriter, other: sqlite3.Connection, message: Make
) -> None:
    other.execute(
        "INSERT INTO messages (message_id, sender, recipient, ts, received_at)"
        " VALUES ('m1', 'tel:1', '', 'x', 0)"
    )
    outcomes = await asyncio.gather(
        *(writer.add(message(name), received_at=NOW) for name in ("m1", "m2"))
    )
    assert outcomes == [AddOutcome.CONFLICT, CREATED]
