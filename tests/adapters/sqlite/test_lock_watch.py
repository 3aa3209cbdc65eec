"""A lock that others hold for long, and a log that grows, are named: else nobody would know why."""

import asyncio
import logging
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from lyftr_core import Message
from lyftr_sqlite import SqliteStore
from lyftr_sqlite.connection.lock_holders import name_holders
from lyftr_sqlite.connection.lock_watch import LockWatch, watch_copying, watch_turn
from lyftr_sqlite.connection.locks import copying_lock, turn_lock
from lyftr_sqlite.connection.writing import COMMIT_SOMETHING
from tests.support.sqlite_files import NOW, new_file

Make = Callable[..., Message]
Until = Callable[[Callable[[], bool]], Awaitable[None]]

_TEXT = "x" * 4_000
_HOLD = "import fcntl, sys; file = open(sys.argv[1]); fcntl.flock(file, 2); print(); input()"
_READ = """import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN")
database.execute("SELECT count(*) FROM messages").fetchone()
print()
input()"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return new_file(tmp_path)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("lyftr_sqlite.connection.lock_watch.LONG", 0.05)
    monkeypatch.setattr("lyftr_sqlite.connection.checkpoints.INTERVAL", 0.01)
    caplog.set_level(logging.INFO, "lyftr_sqlite")


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Callable[[], list[tuple[str, str]]]:
    return lambda: [(r.levelname, r.getMessage()) for r in caplog.records]


@contextmanager
def another_process(program: str, file: str | Path) -> Iterator[int]:
    """Run a program that waits for a line once it is ready; yield its number."""
    command = [sys.executable, "-c", program, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        process.stdout.readline()
        yield process.pid
        process.stdin.close()


@pytest.mark.parametrize(("make", "lock"), [(watch_copying, copying_lock), (watch_turn, turn_lock)])
def test_a_lock_is_named_once_it_is_held_for_long_and_once_more_when_it_is_free(
    file: Path,
    make: Callable[[Path], LockWatch],
    lock: Callable[[Path], AbstractContextManager[bool]],
    told: Callable[[], list[tuple[str, str]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr("lyftr_sqlite.connection.lock_watch.time.monotonic", lambda: now)
    watch = make(file)
    with lock(file):
        for now in (100.0, 100.01, 100.06, 105.0, 109.0):  # noqa: B007 - told to the clock
            with watch.take() as mine:
                assert not mine
        assert len(told()) == 1
    with watch.take() as mine:
        assert mine
    with watch.take() as mine:
        assert mine
    end = "-copy-lock" if lock is copying_lock else "-lock"
    (level, held), free = told()
    assert level == "WARNING"
    assert held.startswith(f"{file}{end} has been locked by another process for 0 s: ")
    assert free == ("INFO", f"no longer waiting for {file}{end}, after 9 s")


def test_a_lock_that_is_soon_free_is_not_worth_a_line(
    file: Path, told: Callable[[], list[tuple[str, str]]]
) -> None:
    watch = watch_copying(file)
    with copying_lock(file), watch.take() as mine:
        assert not mine
    with watch.take() as mine:
        assert mine
    assert told() == []


@pytest.mark.skipif(sys.platform != "linux", reason="/proc/locks is Linux's")
async def test_copies_that_another_process_keeps_from_going_on_are_named_with_that_process(
    file: Path, message: Make, until: Until, told: Callable[[], list[tuple[str, str]]]
) -> None:
    waits: list[tuple[str, float]] = []

    def note(lock: str, seconds: float) -> None:
        waits.append((lock, seconds))

    async with SqliteStore(f"sqlite:///{file}", on_lock_wait=note) as store:
        with copying_lock(file):
            pass
        with another_process(_HOLD, f"{file}-copy-lock") as pid:
            await store.writer.add(message("m"), received_at=NOW)
            await until(lambda: bool(told()))
            assert told()[0][1].startswith(
                f"{file}-copy-lock has been locked by another process (pid {pid}) for "
            )
            assert waits[-1][0] == "copying"
            assert waits[-1][1] >= 0.05
        await until(lambda: len(told()) > 1)
        assert waits[-1] == ("copying", 0.0)
    assert len(told()) == 2


async def test_a_removal_that_waits_for_its_turn_names_the_lock_and_forgets_it_when_cancelled(
    file: Path, until: Until, told: Callable[[], list[tuple[str, str]]]
) -> None:
    waits: list[tuple[str, float]] = []

    async def step(store: SqliteStore) -> None:
        async with store.remover._work.step() as step:
            await step.connection.execute(COMMIT_SOMETHING)

    url = f"sqlite:///{file}"
    async with SqliteStore(url, on_lock_wait=lambda *wait: waits.append(wait)) as store:
        with turn_lock(file):
            waiting = asyncio.create_task(step(store))
            await until(lambda: bool(told()))
            assert waits[-1][0] == "turn"
            assert not waiting.done()
            waiting.cancel()
            await asyncio.wait([waiting])
        assert waits[-1] == ("turn", 0.0)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc/locks is Linux's")
async def test_a_log_that_another_process_keeps_from_becoming_short_is_named_with_that_process(
    file: Path,
    message: Make,
    until: Until,
    told: Callable[[], list[tuple[str, str]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("lyftr_sqlite.connection.wal_size.LARGE", 1024 * 1024)
    sizes: list[int] = []
    async with SqliteStore(f"sqlite:///{file}", on_log_size=sizes.append) as store:
        with another_process(_READ, file) as pid:
            await store.writer.add(message("first", _TEXT), received_at=NOW)
            await until(lambda: bool(sizes))
            assert told() == []
            number = 0
            while not told():
                number += 1
                await store.writer.add(message(f"m{number}", _TEXT), received_at=NOW)
            grown = f"{file}-wal has grown to 1 MiB: it shrinks when no process reads an earlier"
            assert told() == [("WARNING", f"{grown} state of the database (pid {pid})")]
            assert sizes[-1] > 1024 * 1024
            await store.writer.add(message("last"), received_at=NOW)
            await until(lambda: sizes[-1] > sizes[-2])
            assert len(told()) == 1
        assert await store.remover.scrub()
        assert await store._checkpointer.empty()
        # On a busy machine the lock of the copies may be told of too, between the two.
        await until(lambda: ("INFO", f"{file}-wal has 0 MiB again") in told())


def test_what_holds_no_lock_and_what_is_not_there_has_no_holders(file: Path) -> None:
    assert name_holders(str(file)) == ""
    assert name_holders(f"{file}-absent") == ""
