"""Long work on a database, in steps between which webhooks are stored.

Who waits for SQLite's lock looks again from time to time only, after 100 ms at last. So it is left
free after each step, and one process at a time does a step and leaves it free: where two did, one
would take it whenever the other lets go.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_sqlite.connection.engines import create_writing_engine
from lyftr_sqlite.connection.failures import as_storage_unavailable
from lyftr_sqlite.connection.lock_watch import LockWatch, watch_copying, watch_turn
from lyftr_sqlite.connection.writing import COMMIT_SOMETHING, WritingConnection

__all__ = ["LongWork", "Step", "open_long_work"]

LONGEST_REST = 0.1
"""After so many seconds at most SQLite looks again whether its lock is free."""
BETWEEN_LOOKS = 0.002
"""How often is looked whether it is one's turn, in seconds."""
LATELY = 5.0
"""Who has committed within so many seconds is taken to go on."""
BETWEEN_COPIES = 64
"""After so many steps the log is copied, which keeps it short."""

_SELDOM = 65_536
"""The log is copied long before it has so many pages (256 MiB)."""
_COMMITS_OF_OTHERS = "PRAGMA data_version"
_COPY_LOG = "PRAGMA wal_checkpoint(PASSIVE)"


class Step:
    """One transaction of long work.

    Attributes:
        connection: The writer's, in autocommit mode, with no transaction open.
        seconds: How long the step took, once it is over.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection: AsyncConnection = connection
        self.seconds: float = 0.0


class LongWork:
    """Gives turns to one piece of long work.

    Args:
        turns: The lock of who does a step.
        writing: What writes to it.
        on_commit: Awaited after each step, in no transaction.
        rests_always: Whether to leave the lock free after each step; else only while others
            write too.
    """

    def __init__(
        self,
        turns: LockWatch,
        writing: WritingConnection,
        on_commit: Callable[[], Awaitable[None]],
        *,
        rests_always: bool,
    ) -> None:
        self._turns = turns
        self._writing = writing
        self._on_commit = on_commit
        self._rests_always = rests_always
        self._commits_of_others: int | None = None
        self._others_wrote_at = -LATELY

    @asynccontextmanager
    async def step(self, *, commits: bool = True) -> AsyncIterator[Step]:
        """Wait for a turn, do one transaction, and rest for as long as it took.

        Args:
            commits: As for `WritingConnection.open`.

        Raises:
            StorageUnavailable: As `WritingConnection.open`.
        """
        async with self._turn():
            async with self._writing.open(commits=commits) as connection:
                began = time.monotonic()
                step = Step(connection)
                yield step
                step.seconds = time.monotonic() - began
            await self._on_commit()
            if self._rests_always or await self._others_write():
                await asyncio.sleep(min(step.seconds, LONGEST_REST))

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            while True:
                with as_storage_unavailable("cannot commit"), self._turns.take() as mine:
                    if mine:
                        yield
                        return
                await asyncio.sleep(BETWEEN_LOOKS)
        finally:
            self._turns.end_wait()

    async def _others_write(self) -> bool:
        """Tell whether others have committed lately. Who got no turn may be waiting for one."""
        async with self._writing.open(commits=False) as connection:
            found = await connection.exec_driver_sql(_COMMITS_OF_OTHERS)
            commits = int(found.scalar_one())
        now, before = time.monotonic(), self._commits_of_others
        self._commits_of_others = commits
        if before not in {None, commits}:
            self._others_wrote_at = now
        return now - self._others_wrote_at < LATELY


@asynccontextmanager
async def open_long_work(path: Path) -> AsyncIterator[LongWork]:
    """Open a database of the present schema for long work by a process of its own.

    Args:
        path: The file.

    Raises:
        StorageUnavailable: The database cannot be written.
    """
    engine = create_writing_engine(path, autocheckpoint=_SELDOM)
    writing = WritingConnection(engine, path)
    copier = _Copier(path, writing)
    try:
        yield LongWork(watch_turn(path), writing, copier.note_commit, rests_always=False)
    finally:
        await writing.close()
        await engine.dispose()


class _Copier:
    """Keeps the write-ahead log short; `lyftr_sqlite.connection.checkpoints` says why just so."""

    def __init__(self, path: Path, writing: WritingConnection) -> None:
        self._lock = watch_copying(path)
        self._writing = writing
        self._steps = 0

    async def note_commit(self) -> None:
        self._steps += 1
        if self._steps % BETWEEN_COPIES == 0:
            await self._copy()

    async def _copy(self) -> None:
        with self._lock.take() as alone:
            if alone:
                async with self._writing.open() as connection:
                    await connection.execute(COMMIT_SOMETHING)
                    await connection.exec_driver_sql(_COPY_LOG)
