"""`rebuild` makes everything anew that follows the log, and readers never notice."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from msgspec import structs

from lyftr_core import (
    Matches,
    Message,
    MessageFilter,
    Order,
    SchemaMismatch,
    Selection,
    Stats,
    StorageUnavailable,
)
from lyftr_sqlite import SqliteMessageReader, SqliteStore, check, rebuild
from lyftr_sqlite.connection.engines import create_reading_engine
from lyftr_sqlite.projections.projections import PROJECTIONS
from tests.support.sqlite_files import NAMES, NOW, insert_many, new_file, open_database, watermarks

Make = Callable[..., Message]

InStepsOf = Callable[[int], None]

_COUNT = 500
_BEFORE = range(0, 5 * _COUNT, _COUNT)
"""How much is folded, in all, before each of the five projections is."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Some hundred messages, all folded."""
    path = new_file(tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        insert_many(connection, _COUNT)
    rebuild(path)
    assert _faults(path) == []
    return path


@pytest.fixture
def in_steps_of(monkeypatch: pytest.MonkeyPatch) -> InStepsOf:
    """Choose how many messages one step folds, whatever the projection."""

    def choose(count: int) -> None:
        smaller = tuple(structs.replace(one, at_once=count) for one in PROJECTIONS)
        monkeypatch.setattr("lyftr_sqlite.maintenance.rebuild.PROJECTIONS", smaller)

    return choose


def _do(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def _faults(file: Path) -> list[str]:
    return [finding.subject for finding in check(file) if finding.faults]


def _watermarks(file: Path) -> dict[str, int]:
    with closing(sqlite3.connect(file)) as connection:
        return watermarks(connection)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM messages_by_ts WHERE seq % 3",
        "DELETE FROM messages_by_sender WHERE seq % 3",
        "DELETE FROM messages_by_recipient WHERE seq % 3",
        "UPDATE messages_by_ts SET ts = ts + 1",
        "INSERT INTO messages_by_sender VALUES (99, 1, 77)",
        "UPDATE totals SET value = 7",
        "DELETE FROM totals",
        "DELETE FROM totals WHERE name = 'senders'",
        "INSERT INTO totals VALUES ('more', 1)",
        "UPDATE counts_by_sender SET messages = 1",
        "DELETE FROM counts_by_recipient",
        "INSERT INTO counts_by_time VALUES (1, 2, 3)",
        "INSERT INTO search (search) VALUES ('delete-all')",
        "INSERT INTO search (rowid, text) VALUES (7, 'else')",
        "DELETE FROM search_data WHERE id > 10",
        "UPDATE projections SET through_seq = 1000",
        "UPDATE projections SET through_seq = -1",
        "UPDATE projections SET through_seq = 7",
        "DELETE FROM projections",
        "DELETE FROM projections WHERE name = 'search'",
        "DELETE FROM messages WHERE seq % 7 = 0",
        "DELETE FROM messages WHERE seq > 100",
        "DELETE FROM messages",
    ],
)
def test_whatever_follows_the_log_is_repaired(file: Path, statement: str) -> None:
    _do(file, statement)
    assert _is_wrong(file)
    rebuild(file)
    assert _faults(file) == []


def _is_wrong(file: Path) -> bool:
    try:
        return bool(_faults(file))
    except StorageUnavailable:
        return True


def test_it_returns_how_far_the_log_goes_and_folds_all_of_it(file: Path) -> None:
    assert rebuild(file) == _COUNT
    assert _watermarks(file) == dict.fromkeys(NAMES, _COUNT)


def test_no_message_is_touched(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        before = connection.execute("SELECT * FROM messages").fetchall()
        rebuild(file)
        assert connection.execute("SELECT * FROM messages").fetchall() == before


def test_progress_is_told_up_to_the_end(file: Path, in_steps_of: InStepsOf) -> None:
    in_steps_of(150)
    told: list[tuple[int, int]] = []
    rebuild(file, lambda done, of: told.append((done, of)))
    steps = [150, 300, 450, 500]
    assert told == [((before + done) // 5, _COUNT) for before in _BEFORE for done in steps]


def test_progress_stays_within_its_ends_while_messages_come(
    file: Path, in_steps_of: InStepsOf
) -> None:
    in_steps_of(150)
    told: list[tuple[int, int]] = []

    def tell(done: int, of: int) -> None:
        told.append((done, of))
        if len(told) < 4:
            with closing(sqlite3.connect(file, isolation_level=None)) as other:
                insert_many(other, 400)

    rebuild(file, tell)
    assert all(0 <= done <= of for done, of in told)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == told[-1][1]
    assert _faults(file) == []
    assert set(_watermarks(file).values()) == {_COUNT + 1_200}


def test_an_empty_database_is_rebuilt_to_nothing(tmp_path: Path) -> None:
    assert rebuild(path := new_file(tmp_path)) == 0
    assert _faults(path) == []


def test_a_newer_database_is_refused(file: Path) -> None:
    _do(file, "UPDATE alembic_version SET version_num = '9999'")
    before = file.read_bytes()
    with pytest.raises(SchemaMismatch):
        rebuild(file)
    assert file.read_bytes() == before


_SELECTIONS = [
    Selection(filter=query, order=order, limit=3)
    for order in Order
    for query in (
        MessageFilter(),
        MessageFilter(sender="+13"),
        MessageFilter(recipient="+22"),
        MessageFilter(q="hello 42"),
        MessageFilter(q="hello"),
    )
]


async def _ask(reader: SqliteMessageReader) -> tuple[Stats, list[Matches]]:
    return await reader.stats(), [await reader.select(selection) for selection in _SELECTIONS]


def test_every_answer_is_the_same_after_each_step(file: Path, in_steps_of: InStepsOf) -> None:
    in_steps_of(120)
    answers = []

    async def ask() -> tuple[Stats, list[Matches]]:
        async with open_database(file) as database:
            return await _ask(database.reader)

    def note(*_: int) -> None:
        # `rebuild` has an event loop of its own in this thread.
        thread = threading.Thread(target=lambda: answers.append(asyncio.run(ask())))
        thread.start()
        thread.join()

    note()
    rebuild(file, note)
    assert len(answers) == 1 + 5 * 5
    assert all(answer == answers[0] for answer in answers)
    assert answers[0][0].total_messages == _COUNT


async def test_readers_get_the_same_answers_while_it_runs(
    file: Path, in_steps_of: InStepsOf
) -> None:
    in_steps_of(100)
    engine = create_reading_engine(file)
    reader = SqliteMessageReader(engine)
    before = await _ask(reader)
    asked = threading.Semaphore(0)

    def wait_for_the_next_answer(_through: int, _last: int) -> None:
        assert asked.acquire(timeout=120)

    rebuilding = asyncio.create_task(asyncio.to_thread(rebuild, file, wait_for_the_next_answer))
    times = 0
    while not rebuilding.done():
        assert await _ask(reader) == before
        asked.release()
        times += 1
    assert await rebuilding == _COUNT
    assert times >= 5 * _COUNT / 100
    await engine.dispose()


async def test_a_server_goes_on_meanwhile(
    file: Path, message: Make, in_steps_of: InStepsOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_steps_of(5)
    monkeypatch.setattr("lyftr_sql.background.IDLE", 0.001)
    async with SqliteStore(f"sqlite:///{file}") as store:
        rebuilding = asyncio.create_task(asyncio.to_thread(rebuild, file))
        added = 0
        while not rebuilding.done():
            await store.writer.add(message(f"meanwhile {added}"), received_at=NOW)
            added += 1
            assert (await store.reader.stats()).total_messages == _COUNT + added
        assert await rebuilding >= _COUNT
    assert added
    assert _faults(file) == []


class _InterruptedError(Exception):
    pass


async def test_what_was_interrupted_is_exact_and_finished_by_another_run(
    file: Path, in_steps_of: InStepsOf
) -> None:
    _do(file, "DELETE FROM messages_by_ts", "DELETE FROM messages_by_recipient")
    in_steps_of(60)

    def interrupt(done: int, _all: int) -> None:
        if done >= (_COUNT + 300) // 5:  # in the second of five
            raise _InterruptedError

    with pytest.raises(_InterruptedError):
        await asyncio.to_thread(rebuild, file, interrupt)
    assert _watermarks(file) == {**dict.fromkeys(NAMES, _COUNT), "messages_by_sender": 300}
    assert _faults(file) == ["messages_by_recipient"]
    async with SqliteStore(f"sqlite:///{file}"):
        assert set(_watermarks(file).values()) == {_COUNT}
    assert _faults(file) == ["messages_by_recipient"]
    await asyncio.to_thread(rebuild, file)
    assert _faults(file) == []


_REBUILD_SLOWLY = """
import sys
from pathlib import Path
from msgspec.structs import replace
from lyftr_sqlite import rebuild
from lyftr_sqlite.maintenance import rebuild as rebuilding
rebuilding.PROJECTIONS = [replace(one, at_once=1) for one in rebuilding.PROJECTIONS]
rebuild(Path(sys.argv[1]), lambda *told: print(*told, flush=True))
"""


@pytest.mark.parametrize("steps", [1, 20, 100, _COUNT + 50])
def test_what_was_killed_is_finished_by_another_run(file: Path, steps: int) -> None:
    command = [sys.executable, "-c", _REBUILD_SLOWLY, str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for _ in range(steps):
            child.stdout.readline()
        child.kill()
        child.stdout.read()
    assert 0 <= min(_watermarks(file).values()) < _COUNT
    assert _faults(file) == []
    rebuild(file)
    assert set(_watermarks(file).values()) == {_COUNT}
    assert _faults(file) == []
