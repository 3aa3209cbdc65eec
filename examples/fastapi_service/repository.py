"""The ports of `lyftr_core` over one SQLite file and the standard library's `sqlite3`."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Concatenate, ParamSpec, Self, TypeVar

from examples.fastapi_service import statements
from examples.fastapi_service.schema import SCHEMA
from lyftr_core import (
    AddOutcome,
    Conflict,
    LogRun,
    LogSelection,
    Matches,
    Message,
    Selection,
    Stats,
    StorageUnavailable,
    StoredMessage,
)

__all__ = ["SqliteRepository"]

_P = ParamSpec("_P")
_T = TypeVar("_T")
_BUSY_TIMEOUT = 2.0
"""How long to wait for another process that writes, in seconds; then the sender tries again."""


class SqliteRepository:
    """A `MessageWriter` and a `MessageReader`, on one connection in a thread of its own.

    The thread does one transaction after another, so no two meet on the connection, and one that
    has begun comes to its end whether or not its caller still waits.

    Args:
        path: The file; it is made if there is none.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._connection: sqlite3.Connection

    async def __aenter__(self) -> Self:
        await self._run(self._open)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._run(self._close)
        self._thread.shutdown()

    async def add(self, message: Message, *, received_at: datetime) -> AddOutcome:
        """Store a message if its identifier is new; see `lyftr_core.MessageWriter`."""
        return await self._transact("BEGIN IMMEDIATE", statements.add, message, received_at)

    async def get(self, message_id: str) -> StoredMessage | None:
        """Return one message; see `lyftr_core.MessageReader`."""
        return await self._transact("BEGIN", statements.get, message_id)

    async def select(self, selection: Selection) -> Matches:
        """Return a run of messages; see `lyftr_core.MessageReader`."""
        return await self._transact("BEGIN", statements.select, selection)

    async def read_log(self, selection: LogSelection) -> LogRun:
        """Return a run of the log; see `lyftr_core.MessageReader`."""
        return await self._transact("BEGIN", statements.read_log, selection)

    async def last_seq(self) -> int:
        """Return the `seq` of the last message; see `lyftr_core.MessageReader`."""
        return await self._transact("BEGIN", statements.last_seq)

    async def stats(self) -> Stats:
        """Return the statistics; see `lyftr_core.MessageReader`."""
        return await self._transact("BEGIN", statements.stats)

    async def conflicts(self, limit: int) -> tuple[Conflict, ...]:
        """Return the conflicts; see `lyftr_core.MessageReader`."""
        return await self._transact("BEGIN", statements.conflicts, limit)

    def _open(self) -> None:
        self._connection = sqlite3.connect(self._path, timeout=_BUSY_TIMEOUT, isolation_level=None)
        self._connection.create_function(
            "casefold", 1, lambda text: (text or "").casefold(), deterministic=True
        )
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")  # a commit waits for the disk
        # What a process that was killed had committed may not be on the disk yet; now it is.
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.executescript(SCHEMA)

    def _close(self) -> None:
        self._connection.close()

    async def _transact(
        self,
        begin: str,
        statement: Callable[Concatenate[sqlite3.Connection, _P], _T],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> _T:
        def transaction() -> _T:
            with self._connection:  # commits, or rolls back
                self._connection.execute(begin)
                return statement(self._connection, *args, **kwargs)

        try:
            return await self._run(transaction)
        except sqlite3.OperationalError as exc:  # locked, full, read-only, an error of the disk
            raise StorageUnavailable("the database does not answer or commit") from exc

    async def _run(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
