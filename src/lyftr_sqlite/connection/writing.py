"""The one connection that writes: opened when needed, dropped when it failed, watched."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from lyftr_core.errors import StorageUnavailable
from lyftr_sqlite.connection.engines import driver_of
from lyftr_sqlite.connection.failures import as_storage_unavailable, blames_data
from lyftr_sqlite.connection.file_identity import DatabaseReplaced, FileIdentity
from lyftr_sqlite.connection.obstacles import obstacle_to_writing

__all__ = ["COMMIT_SOMETHING", "PATIENCE", "WritingConnection"]

PATIENCE = 2.0
"""How long a check waits for the turn, in seconds."""

COMMIT_SOMETHING = text("UPDATE alembic_version SET version_num = version_num")
"""Changes nothing, yet is a commit like any other."""
_LOCK_TIMEOUT = 100
"""How long the commit of a check waits for another process's lock, in milliseconds: webhooks wait
too. It is as long as SQLite's longest pause between two looks at the lock."""


class WritingConnection:
    """Gives the connection to one user at a time.

    Args:
        engine: In autocommit mode; see `lyftr_sqlite.connection.engines.create_writing_engine`.
        path: The file that the engine writes to.
    """

    def __init__(self, engine: AsyncEngine, path: Path) -> None:
        self._engine = engine
        self._path = path
        self._obstacle = partial(obstacle_to_writing, path)
        self._turn = asyncio.Lock()
        self._connection: AsyncConnection | None = None
        self._files: FileIdentity | None = None
        self._failed = False

    @asynccontextmanager
    async def open(self, *, commits: bool = True) -> AsyncIterator[AsyncConnection]:
        """Open the connection, or use the open one, for one transaction.

        Args:
            commits: Whether the transaction changes anything; else its success says nothing of
                whether something can be committed again.

        Raises:
            DataRefused: What the transaction was about is to blame.
            StorageUnavailable: It could not be opened, the transaction failed, or the files were
                replaced before it or meanwhile, so that it must not be acknowledged.
        """
        async with self._turn, self._transaction(commits=commits) as connection:
            yield connection

    async def check(self) -> None:
        """Commit something if the last transaction failed.

        Whoever has the turn, or waits for it already, goes first: how that ends is an answer too.
        Whoever comes next waits for a commit, and for another process's lock 100 ms at most.

        Raises:
            StorageUnavailable: It still fails, the turn did not come in time, or the files were
                replaced.
        """
        if self._failed:
            await self._try_to_commit()
        elif self._files:
            self._files.require_same()

    async def commit_something(self) -> None:
        """Commit what changes nothing.

        Raises:
            StorageUnavailable: It failed, or the files were replaced.
        """
        async with self.open() as connection:
            await connection.execute(COMMIT_SOMETHING)

    async def close(self) -> None:
        """Close the connection; a later use opens it anew, on whatever is there by then."""
        async with self._turn:
            connection, self._connection, self._files = self._connection, None, None
            self._failed = False
            if connection:
                await connection.close()

    async def _try_to_commit(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._turn.acquire()
        except TimeoutError:
            raise StorageUnavailable("cannot commit: another commit takes too long") from None
        try:
            if self._failed:
                async with self._transaction(commits=True) as connection:
                    await _commit_unless_locked(connection)
        finally:
            self._turn.release()

    @asynccontextmanager
    async def _transaction(self, *, commits: bool) -> AsyncIterator[AsyncConnection]:
        """Open the connection, or use the open one; whoever calls this has the turn."""
        with as_storage_unavailable("cannot commit", self._obstacle):
            try:
                connection, files = await self._connect()
                files.require_same()
                yield connection
                files.require_same()
            except DatabaseReplaced:
                # Not dropped: to close it would write its log into whatever is there now.
                self._failed = True
                raise
            except BaseException as exc:
                is_well = blames_data(exc)
                self._failed = self._failed or not is_well
                if not (is_well and await self._is_idle()):
                    await self._drop()
                raise
        self._failed = self._failed and not commits

    async def _connect(self) -> tuple[AsyncConnection, FileIdentity]:
        if self._connection and self._files:
            return self._connection, self._files
        if self._files:
            self._files.require_same_log()
        self._connection = await self._engine.connect()
        self._files = FileIdentity(self._path)
        return self._connection, self._files

    async def _is_idle(self) -> bool:
        connection = self._connection
        return connection is not None and not (await driver_of(connection)).in_transaction

    async def _drop(self) -> None:
        """Let go of a connection that failed; the next use opens another."""
        connection, self._connection = self._connection, None
        if connection:
            # The failure that led here is on its way to the callers; a second one, of closing
            # what is broken already, tells nobody anything.
            with contextlib.suppress(SQLAlchemyError, sqlite3.Error, OSError):
                await connection.invalidate()
                await connection.close()


async def _commit_unless_locked(connection: AsyncConnection) -> None:
    """Commit something, or fail soon where another process holds the lock."""
    usual = (await connection.exec_driver_sql("PRAGMA busy_timeout")).scalar_one()
    await connection.exec_driver_sql(f"PRAGMA busy_timeout={min(usual, _LOCK_TIMEOUT)}")
    await connection.execute(COMMIT_SOMETHING)
    await connection.exec_driver_sql(f"PRAGMA busy_timeout={usual}")
