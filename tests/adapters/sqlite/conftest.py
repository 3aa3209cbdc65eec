"""Real files, and a second connection that stands for another process. No mocks."""

import asyncio
import os
import resource
import signal
import sqlite3
import tempfile
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection
from sqlalchemy.ext.asyncio import AsyncEngine

from lyftr_core import Message
from lyftr_sqlite import SqliteMessageWriter, migrate
from lyftr_sqlite.connection.engines import create_reading_engine, create_writing_engine
from lyftr_sqlite.connection.writing import WritingConnection
from tests.adapters.sqlite.users import ADD
from tests.support.migrated import new_databases_from_a_template
from tests.support.patience import answers_have_time

__all__ = ["answers_have_time", "new_databases_from_a_template"]

Until = Callable[[Callable[[], bool]], Awaitable[None]]

_DEADLINE = 120.0
_HANGS = 300.0
"""Far beyond what a test takes where every core is busy, in seconds."""
_NOBODY = 65534


@pytest.fixture(autouse=True)
def a_test_that_hangs_fails() -> Iterator[None]:
    """A caller that is never answered is the fault these tests look for most."""

    def fail(*_signal: object) -> None:
        raise TimeoutError("this test hangs")

    before = signal.signal(signal.SIGALRM, fail)
    signal.setitimer(signal.ITIMER_REAL, _HANGS, 1)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(autouse=True)
async def no_thread_is_left_behind(
    until: Until, open_connections: Callable[[], int]
) -> AsyncIterator[None]:
    """Every connection's thread has ended before the event loop does.

    aiosqlite ends the thread of a connection that could not be opened without waiting for it; it
    would find the loop closed and fail, in whichever test comes next.
    """
    yield
    await until(lambda: open_connections() == 0)


@pytest.fixture
def open_connections() -> Callable[[], int]:
    """Counts the connections of all engines: aiosqlite has a thread for each."""
    return lambda: sum("_connection_worker" in t.name for t in threading.enumerate())


@pytest.fixture
def message() -> Callable[..., Message]:
    """Makes a message by its identifier and, optionally, its text and its time."""

    def make(message_id: str, text: str | None = "hello", ts: datetime | None = None) -> Message:
        return Message(
            message_id=message_id,
            sender="+919876543210",
            recipient="+14155550100",
            ts=ts or datetime(2026, 1, 15, 9, 28, 35, tzinfo=UTC),
            text=text,
        )

    return make


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A migrated database file."""
    file = tmp_path / "inbox.db"
    migrate(file)
    return file


@pytest.fixture
def other(path: Path) -> Iterator[sqlite3.Connection]:
    """Another process at the same file, in autocommit mode."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


@pytest.fixture
async def writing_engine(path: Path) -> AsyncIterator[AsyncEngine]:
    engine = create_writing_engine(path)
    yield engine
    await engine.dispose()


@pytest.fixture
async def impatient_engine(path: Path) -> AsyncIterator[AsyncEngine]:
    """As the writing engine, but it waits for another's lock for 50 ms only."""
    engine = create_writing_engine(path)

    @event.listens_for(engine.sync_engine, "connect")
    def shorten(connection: AsyncAdapt_aiosqlite_connection, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout=50")
        cursor.close()

    yield engine
    await engine.dispose()


@pytest.fixture
async def reading_engine(path: Path) -> AsyncIterator[AsyncEngine]:
    engine = create_reading_engine(path)
    yield engine
    await engine.dispose()


@pytest.fixture
async def writer(writing_engine: AsyncEngine, path: Path) -> AsyncIterator[SqliteMessageWriter]:
    writer = SqliteMessageWriter(WritingConnection(writing_engine, path))
    await writer.open()
    yield writer
    await writer.close()


@pytest.fixture
async def impatient_writer(
    impatient_engine: AsyncEngine, path: Path
) -> AsyncIterator[SqliteMessageWriter]:
    writer = SqliteMessageWriter(WritingConnection(impatient_engine, path))
    await writer.open()
    yield writer
    await writer.close()


@pytest.fixture
def commits(writing_engine: AsyncEngine) -> list[str]:
    """The INSERT statements that the writer has begun, as they come; each is one commit."""
    seen: list[str] = []

    def note(statement: str) -> None:
        # SQLite traces a statement again where it had to be prepared again, for a new schema.
        if statement.startswith("INSERT") and statement not in seen[-1:]:
            seen.append(statement)

    @event.listens_for(writing_engine.sync_engine, "connect")
    def trace(connection: AsyncAdapt_aiosqlite_connection, _record: object) -> None:
        connection.run_async(lambda driver: driver.set_trace_callback(note))

    return seen


@pytest.fixture
def until() -> Until:
    """Returns a coroutine function that waits for a condition, and fails if it never comes."""

    async def wait(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(_DEADLINE):
            while not condition():  # noqa: ASYNC110 - what is waited for happens in a thread
                await asyncio.sleep(0.002)

    return wait


@pytest.fixture
def files() -> Callable[[Path], list[str]]:
    """Returns the names in a folder."""
    return lambda folder: sorted(file.name for file in folder.iterdir())


@pytest.fixture
def full_disk() -> Callable[[], AbstractContextManager[None]]:
    """Returns a context in which no file can grow: a full disk, for root too."""

    @contextmanager
    def full() -> Iterator[None]:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return full


@pytest.fixture
def read_only_file(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A migrated file that nobody may write, in a `read-only folder` or a `writable folder`.

    Root may write anything, so the test runs as somebody else for its time. And it is not in
    `tmp_path`, whose parents are closed to all but their owner.
    """
    user = os.geteuid()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "inbox.db"
        migrate(file)
        file.chmod(0o444)
        Path(folder).chmod(0o777 if request.param == "writable folder" else 0o555)
        if user == 0:
            os.seteuid(_NOBODY)
        try:
            yield file
        finally:
            os.seteuid(user)
            Path(folder).chmod(0o777)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that others can get to, as those of `tmp_path` are not."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        path.chmod(0o755)
        yield path
        path.chmod(0o755)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A database with one message in the file and, by this connection, one in the log."""
    path = tmp_path / "live.db"
    migrate(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(ADD, ["in the file"])
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        yield connection
