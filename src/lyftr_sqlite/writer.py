"""Group commit: the messages that arrive while one commit is under way share the next.

One task writes. A caller waits in `add` until the commit that holds its message is done, so a
webhook costs a share of a disk sync rather than a whole one.
"""

import asyncio
import contextlib
import sqlite3
from collections import deque
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from lyftr_core.errors import StorageUnavailable
from lyftr_core.message import AddOutcome, Message
from lyftr_sqlite.failures import as_storage_unavailable, reason
from lyftr_sqlite.file_identity import FileIdentity
from lyftr_sqlite.insertion import insert_batch

__all__ = ["MAX_BATCH", "MAX_WAITING", "SqliteMessageWriter"]

MAX_BATCH = 1_000
"""At most how many messages share one commit."""
MAX_WAITING = 10_000
"""At most how many messages wait for their commit; beyond that `add` refuses at once."""


class _Waiting(NamedTuple):
    message: Message
    received_at: datetime
    outcome: asyncio.Future[AddOutcome]


class SqliteMessageWriter:
    """The `MessageWriter` port over SQLite.

    Args:
        engine: In autocommit mode; see `lyftr_sqlite.engines.create_writing_engine`.
        path: The file that the engine writes to.
        max_batch: At most how many messages share one commit.
        max_waiting: At most how many messages wait for their commit.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        path: Path,
        *,
        max_batch: int = MAX_BATCH,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        self._engine = engine
        self._path = path
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._waiting: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self._connection: AsyncConnection | None = None
        self._identity: FileIdentity | None = None

    async def open(self) -> None:
        """Begin to write. A second call does nothing."""
        if self._task is None:
            self._task = asyncio.create_task(self._write_until_closed(), name="lyftr-writer")

    async def close(self) -> None:
        """Refuse new messages, commit those that wait, and end. A second call does nothing."""
        self._closing = True
        self._arrived.set()
        if self._task:
            await asyncio.shield(self._task)  # whoever gives up waiting leaves it to finish

    async def add(self, message: Message, *, received_at: datetime) -> AddOutcome:
        """Store a message once; see `lyftr_core.ports.MessageWriter`.

        Raises:
            StorageUnavailable: The commit failed, too many messages wait, or the writer is closed.
        """
        if self._task is None or self._closing:
            raise StorageUnavailable("the writer is closed")
        if len(self._waiting) >= self._max_waiting:
            raise StorageUnavailable("too many messages wait to be committed")
        outcome: asyncio.Future[AddOutcome] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(message, received_at, outcome))
        self._arrived.set()
        return await outcome

    async def _write_until_closed(self) -> None:
        while not self._closing or self._waiting:
            await self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                await self._write(self._take_batch())
        if self._connection:
            await self._connection.close()

    def _take_batch(self) -> list[_Waiting]:
        size = min(len(self._waiting), self._max_batch)
        return [self._waiting.popleft() for _ in range(size)]

    async def _write(self, batch: list[_Waiting]) -> None:
        """Commit a batch and answer each of its callers; whatever fails, the writer goes on."""
        try:
            outcomes = await self._commit(batch)
        except Exception as exc:  # noqa: BLE001 - it is raised again, in every caller
            for waiting in batch:
                _refuse(waiting.outcome, exc)
            await self._disconnect()
        else:
            for waiting, outcome in zip(batch, outcomes, strict=True):
                # A caller that has gone away has cancelled its future; its message is stored.
                if not waiting.outcome.done():
                    waiting.outcome.set_result(outcome)

    async def _commit(self, batch: list[_Waiting]) -> list[AddOutcome]:
        with as_storage_unavailable("cannot commit"):
            if self._connection is None or self._identity is None:
                self._connection = await self._engine.connect()
                self._identity = FileIdentity(self._path)
            pairs = [(waiting.message, waiting.received_at) for waiting in batch]
            outcomes = await insert_batch(self._connection, pairs)
            self._identity.require_same()
            return outcomes

    async def _disconnect(self) -> None:
        """Drop the connection; the next batch opens a new one, on whatever is there by then."""
        connection, self._connection = self._connection, None
        if connection:
            # The failure that led here is on its way to the callers; a second one, of closing
            # what is broken already, tells nobody anything.
            with contextlib.suppress(SQLAlchemyError, sqlite3.Error, OSError):
                await connection.invalidate()
                await connection.close()


def _refuse(outcome: asyncio.Future[AddOutcome], cause: Exception) -> None:
    if not outcome.done():
        refusal = StorageUnavailable(reason(cause))
        refusal.__cause__ = cause
        outcome.set_exception(refusal)
