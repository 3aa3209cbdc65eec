"""The one connection that writes: opened when needed, dropped when it failed, watched.

What the server warns of while it commits counts as a failure: a commit that is cancelled while it
waits for a synchronous standby is reported as done, with a warning that it may not be there
(https://www.postgresql.org/docs/current/warm-standby.html#SYNCHRONOUS-REPLICATION).
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import psycopg
from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus

from lyftr_core.errors import StorageUnavailable
from lyftr_postgres.connection.connecting import Opener
from lyftr_postgres.connection.durability import DURABLY, CommitWarnings
from lyftr_postgres.connection.failures import as_storage_unavailable, blames_data
from lyftr_postgres.connection.log_order import require_log_below
from lyftr_postgres.connection.reading import TimeLimit
from lyftr_postgres.connection.settings import require_writable

__all__ = ["LATELY", "PATIENCE", "TRIAL", "WritingConnection"]

PATIENCE = 10.0
"""How long one transaction may take, in seconds, the wait for a synchronous standby included."""
TRIAL = 2.0
"""How long the commit of a check may take, in seconds."""
LATELY = 3.0
"""A failure so many seconds ago counts, though something small could be committed since."""

T = TypeVar("T")
_Work = Callable[[AsyncConnection[Any]], Coroutine[Any, Any, T]]


class WritingConnection:
    """Gives the connection to one user at a time.

    Args:
        connect: Opens a connection.
        patience: How long one transaction may take, in seconds.
    """

    def __init__(self, connect: Opener, *, patience: float = PATIENCE) -> None:
        self._connect = connect
        self._patience = patience
        self._limit = TimeLimit(patience)
        self._turn = asyncio.Lock()
        self._connection: AsyncConnection[Any] | None = None
        self._warnings = CommitWarnings()
        self._failed_at: float | None = None
        self._trial: WritingConnection | None = None

    async def run(self, work: _Work[T]) -> T:
        """Do some work on the connection.

        Args:
            work: Uses the connection, which is in autocommit mode, and leaves no transaction open.

        Raises:
            DataRefused: What the work was about is to blame.
            StorageUnavailable: It could not be opened, the work failed or took too long, or the
                server warned of the commit; the work may be done or not.
        """
        async with self._turn:
            with as_storage_unavailable("cannot commit"):
                try:
                    done = await self._limit.run(self._do(work))
                except BaseException as exc:
                    is_well = blames_data(exc)
                    if not is_well:
                        self._note_failure(exc)
                    if not (is_well and self._is_idle()):
                        await self._drop()
                    raise
            self._failed_at = None
            return done

    async def check(self) -> None:
        """Commit something if the last work failed, on another connection: no work waits for it.

        That alone does not clear a failure of just now: where the disk is full, the log has room
        for something small, and the tables have none for a batch. Done work does.

        Raises:
            StorageUnavailable: It still fails, or did just now.
        """
        failed_at = self._failed_at
        if failed_at is None:
            return
        try:
            await self._try_to_commit()
        except StorageUnavailable as exc:
            if self._failed_at == failed_at:  # else work that ended meanwhile tells more
                self._note_failure(exc)
            raise
        if self._failed_at == failed_at and not self._failed_lately():
            self._failed_at = None
        if self._failed_at is not None:
            raise StorageUnavailable("cannot commit: it failed just now")

    async def close(self) -> None:
        """Close the connection; a later use opens it anew."""
        async with self._turn:
            self._failed_at = None
            await self._drop()

    async def _try_to_commit(self) -> None:
        # Kept, as are the tasks that its limit of time has given up.
        self._trial = self._trial or WritingConnection(
            self._connect, patience=min(self._patience, TRIAL)
        )
        try:
            await self._trial.run(_commit_something)
        finally:
            await self._trial.close()

    def _note_failure(self, exc: BaseException) -> None:
        self._failed_at = asyncio.get_running_loop().time()
        if isinstance(exc, psycopg.errors.LockNotAvailable):
            # Another transaction holds one of the messages, perhaps; others can be committed.
            self._failed_at -= LATELY

    def _failed_lately(self) -> bool:
        failed_at = self._failed_at
        return failed_at is not None and asyncio.get_running_loop().time() - failed_at < LATELY

    async def _do(self, work: _Work[T]) -> T:
        connection = self._connection
        if connection is None:
            connection = self._connection = await self._connect()
            await require_writable(connection)
            await require_log_below(connection)
            connection.add_notice_handler(self._warnings.note)
        self._warnings.clear()
        done = await work(connection)
        self._warnings.require_none()
        return done

    def _is_idle(self) -> bool:
        connection = self._connection
        return connection is not None and (
            connection.info.transaction_status is TransactionStatus.IDLE
        )

    async def _drop(self) -> None:
        """Let go of a connection; the next use opens another."""
        connection, self._connection = self._connection, None
        if connection:
            # The failure that led here is on its way to the callers; a second one, of closing
            # what is broken already, tells nobody anything.
            with contextlib.suppress(psycopg.Error, OSError):
                await connection.close()


async def _commit_something(connection: AsyncConnection[Any]) -> None:
    await connection.execute(f"SELECT {DURABLY}")
