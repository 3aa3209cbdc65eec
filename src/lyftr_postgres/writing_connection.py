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
from psycopg.errors import Diagnostic

from lyftr_core.errors import StorageUnavailable
from lyftr_postgres.connecting import Opener
from lyftr_postgres.durability import DURABLY
from lyftr_postgres.failures import as_storage_unavailable
from lyftr_postgres.log_base import require_log_below
from lyftr_postgres.time_limit import TimeLimit

__all__ = ["PATIENCE", "WritingConnection"]

PATIENCE = 10.0
"""How long one transaction may take, in seconds, the wait for a synchronous standby included."""

T = TypeVar("T")


class WritingConnection:
    """Gives the connection to one user at a time.

    Args:
        connect: Opens a connection.
        patience: How long one transaction may take, in seconds.
    """

    def __init__(self, connect: Opener, *, patience: float = PATIENCE) -> None:
        self._connect = connect
        self._limit = TimeLimit(patience)
        self._turn = asyncio.Lock()
        self._connection: AsyncConnection[Any] | None = None
        self._warnings: list[str] = []
        self._failed = False

    async def run(self, work: Callable[[AsyncConnection[Any]], Coroutine[Any, Any, T]]) -> T:
        """Do some work on the connection.

        Args:
            work: Uses the connection, which is in autocommit mode, and leaves no transaction open.

        Raises:
            StorageUnavailable: It could not be opened, the work failed or took too long, or the
                server warned of something meanwhile; the work may be done or not.
        """
        async with self._turn:
            with as_storage_unavailable("cannot commit"):
                try:
                    done = await self._limit.run(self._do(work))
                except BaseException:
                    self._failed = True
                    await self._drop()
                    raise
            self._failed = False
            return done

    async def check(self) -> None:
        """Commit something if the last work failed.

        Raises:
            StorageUnavailable: It still fails.
        """
        if self._failed:
            await self.run(_commit_something)

    async def close(self) -> None:
        """Close the connection; a later use opens it anew."""
        async with self._turn:
            self._failed = False
            await self._drop()

    async def _do(self, work: Callable[[AsyncConnection[Any]], Coroutine[Any, Any, T]]) -> T:
        connection = self._connection
        if connection is None:
            connection = self._connection = await self._connect()
            await require_log_below(connection)
            connection.add_notice_handler(self._note)
        self._warnings.clear()
        done = await work(connection)
        if self._warnings:
            raise StorageUnavailable(f"the commit is in doubt: {self._warnings[0]}")
        return done

    async def _drop(self) -> None:
        """Let go of a connection; the next use opens another."""
        connection, self._connection = self._connection, None
        if connection:
            # The failure that led here is on its way to the callers; a second one, of closing
            # what is broken already, tells nobody anything.
            with contextlib.suppress(psycopg.Error, OSError):
                await connection.close()

    def _note(self, notice: Diagnostic) -> None:
        if notice.severity_nonlocalized == "WARNING":
            self._warnings.append(notice.message_primary or "a warning without words")


async def _commit_something(connection: AsyncConnection[Any]) -> None:
    await connection.execute(f"SELECT {DURABLY}")
