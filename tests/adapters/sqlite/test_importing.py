"""What comes from elsewhere goes into the log by the rules of webhooks, and keeps its place."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from lyftr_core import AddOutcome, Message, StorageUnavailable, StoredMessage
from lyftr_core.message import MAX_KEPT_SEQ, MAX_SEQ_IN_FILES, Record
from lyftr_core.testing.strategies.samples import NOON, sample
from lyftr_sqlite import SqliteStore
from lyftr_sqlite.maintenance.importer import LONG_TAIL, open_importer
from tests.support.sqlite_files import new_file, watermarks
from tests.support.stored import assert_nothing_wrong

LATER = NOON + timedelta(hours=1)
CREATED, DUPLICATE, CONFLICT = AddOutcome


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return new_file(tmp_path)


def record(name: str, seq: int | None = None, text: str = "hello") -> Record:
    return Record(message=sample(name, text=text), received_at=NOON, seq=seq)


def add(file: Path, *records: Record) -> list[AddOutcome]:
    with open_importer(file) as importer:
        outcomes = importer.add(records, received_at=LATER)
        importer.finish()
        return outcomes


def places(file: Path) -> dict[str, int]:
    with closing(sqlite3.connect(file)) as database:
        return dict(database.execute("SELECT message_id, seq FROM messages ORDER BY seq"))


def test_an_empty_log_takes_over_every_seq(file: Path) -> None:
    assert add(file, record("a", 3), record("b", 4), record("c", 900)) == [CREATED] * 3
    assert places(file) == {"a": 3, "b": 4, "c": 900}


def test_a_seq_that_the_log_has_passed_is_never_used_again(file: Path) -> None:
    add(file, record("a", 5))
    add(file, record("b", 2), record("c", 5), record("d", 6), record("e", 20), record("f"))
    assert places(file) == {"a": 5, "b": 6, "c": 7, "d": 8, "e": 20, "f": 21}


@pytest.mark.parametrize("seq", [1, MAX_KEPT_SEQ, MAX_KEPT_SEQ + 1, MAX_SEQ_IN_FILES])
async def test_no_record_takes_the_log_beyond_what_can_be_imported_elsewhere(
    file: Path, tmp_path: Path, seq: int
) -> None:
    async with SqliteStore(f"sqlite:///{file}") as store:
        await store.writer.add(sample("first"), received_at=NOON)
        await _in_thread(lambda: add(file, record("a", seq), record("b", MAX_SEQ_IN_FILES)))
        await store.writer.add(sample("last"), received_at=NOON)
    found = places(file)
    assert list(found) == ["first", "a", "b", "last"]
    assert found["last"] <= MAX_KEPT_SEQ + 2
    (tmp_path / "elsewhere").mkdir()
    elsewhere = new_file(tmp_path / "elsewhere")
    await _in_thread(lambda: add(elsewhere, *(record(*place) for place in found.items())))
    assert places(elsewhere) == found


def test_a_seq_whose_row_is_gone_is_never_used_again(file: Path) -> None:
    add(file, record("a", 9))
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("DELETE FROM messages")
    add(file, record("b", 9), record("c", 4))
    assert places(file) == {"b": 10, "c": 11}


def test_what_is_there_already_moves_no_seq_behind_it(file: Path) -> None:
    add(file, record("a", 1), record("b", 4))
    assert add(file, record("a", 1), record("b", 4), record("c", 7)) == [
        DUPLICATE,
        DUPLICATE,
        CREATED,
    ]
    assert places(file) == {"a": 1, "b": 4, "c": 7}


def test_a_batch_may_hold_an_identifier_twice(file: Path) -> None:
    batch = record("a", 1), record("a", 2), record("a", 3, text="other"), record("b", 4)
    assert add(file, *batch) == [CREATED, DUPLICATE, CONFLICT, CREATED]
    assert places(file) == {"a": 1, "b": 4}


async def test_conflicts_are_recorded_with_the_time_of_the_record(file: Path) -> None:
    others = [record("a", 1, text="other")] * 2
    await _in_thread(lambda: add(file, record("a", 1), *others))
    async with SqliteStore(f"sqlite:///{file}") as store:
        (found,) = await store.reader.conflicts(10)
        assert (found.fields, found.deliveries) == (("text",), 2)
        assert found.first_received_at == NOON


async def test_the_time_of_receipt_is_that_of_the_record_or_else_now(file: Path) -> None:
    await _in_thread(lambda: add(file, record("a", 1), Record(message=sample("b"))))
    async with SqliteStore(f"sqlite:///{file}") as store:
        assert await store.reader.get("a") == StoredMessage(
            message=sample("a", text="hello"), received_at=NOON, seq=1
        )
        assert await store.reader.get("b") == StoredMessage(
            message=sample("b"), received_at=LATER, seq=2
        )


async def test_a_running_store_reads_and_adds_beside_it(
    file: Path, message: Callable[..., Message]
) -> None:
    async with SqliteStore(f"sqlite:///{file}") as store:
        await store.writer.add(message("first"), received_at=NOON)
        await _in_thread(lambda: add(file, record("a", 10), record("first", 11, text="other")))
        assert await store.writer.add(message("last"), received_at=NOON) is CREATED
        assert await store.writer.add(sample("a", text="hello"), received_at=LATER) is DUPLICATE
        assert (await store.reader.stats()).total_messages == 3
    assert places(file) == {"first": 1, "a": 10, "last": 11}
    assert_nothing_wrong(file)


def test_everything_that_follows_the_log_follows_it_at_the_end(file: Path) -> None:
    with open_importer(file) as importer:
        names = [f"m{number}" for number in range(LONG_TAIL + 10)]
        for start in range(0, len(names), 1_000):
            importer.add([record(name) for name in names[start : start + 1_000]], received_at=NOON)
        with closing(sqlite3.connect(file)) as database:
            assert min(watermarks(database).values()) >= LONG_TAIL  # and on the way
        importer.finish()
    with closing(sqlite3.connect(file)) as database:
        assert set(watermarks(database).values()) == {len(names)}
    assert_nothing_wrong(file)
    assert not file.with_name("inbox.db-wal").exists()


def test_a_batch_that_cannot_be_committed_leaves_nothing(file: Path) -> None:
    add(file, record("a", 1))
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(
            "CREATE TRIGGER no BEFORE INSERT ON messages WHEN new.message_id = 'no'"
            " BEGIN SELECT raise(ABORT, 'the disk is full'); END"
        )
    with open_importer(file) as importer:
        with pytest.raises(StorageUnavailable, match="the disk is full"):
            importer.add([record("b", 2), record("no", 3)], received_at=NOON)
        assert places(file) == {"a": 1}
        assert importer.add([record("b", 2)], received_at=NOON) == [CREATED]
        importer.finish()
    assert places(file) == {"a": 1, "b": 2}


def test_a_folder_that_is_not_there_stops_it(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable), open_importer(tmp_path / "missing" / "x.db"):
        raise AssertionError


async def _in_thread(work: Callable[[], object]) -> None:
    """Run what has an event loop of its own."""
    await asyncio.to_thread(work)
