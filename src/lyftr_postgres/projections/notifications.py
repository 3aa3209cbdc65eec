"""Waking whoever follows the log, on all servers, when there is something new.

One notification follows each commit, or a few of them. It is no part of their transactions: those
that notify hold one lock of the whole server until they have committed, and webhooks of different
servers would wait for it. Where one is lost, or cannot be, as through a transaction pool, the log
is looked at again soon anyway (https://www.postgresql.org/docs/current/sql-notify.html).
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import AsyncConnection

from lyftr_postgres.connection.connecting import Opener
from lyftr_postgres.connection.writing import WritingConnection
from lyftr_sql.background import Background

__all__ = ["CHANNEL", "Listener", "Notifier"]

CHANNEL = "lyftr_messages"
_AFTER_FAILURE = 1.0
"""After the connection was lost, in seconds."""
# Nobody waits for the disk: a notification is worth nothing after a crash.
_NOTIFY = (
    "WITH quick AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))"
    " SELECT pg_notify(%s, '') FROM quick"
)


class Notifier:
    """Tells the other servers of new messages.

    Args:
        connect: Opens a connection.
    """

    def __init__(self, connect: Opener) -> None:
        # One that gives up in time: a server that hangs would hold up the end of this one.
        self._connection = WritingConnection(connect)
        self._background = Background("other servers are not told of messages", self._notify)

    async def open(self) -> None:
        """Begin."""
        await self._background.open()

    def note_commit(self) -> None:
        """Take notice of a commit that added messages."""
        self._background.wake()

    async def close(self) -> None:
        """End, with what is to be told told."""
        await self._background.close()
        await self._connection.close()

    async def _notify(self) -> None:
        await self._connection.run(_notify)


async def _notify(connection: AsyncConnection[Any]) -> None:
    await connection.execute(_NOTIFY, [CHANNEL])


class Listener:
    """Hears of new messages on other servers.

    Args:
        connect: Opens a connection.
        on_news: Told of them.
    """

    def __init__(self, connect: Opener, on_news: Callable[[], None]) -> None:
        self._connect = connect
        self._on_news = on_news
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin to listen, for the first time or again after `close`."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="lyftr-listener")

    async def close(self) -> None:
        """End. A second call does nothing."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            # Nothing is lost with the connection but a little time: the log itself is looked at.
            with contextlib.suppress(psycopg.Error, OSError):
                async with await self._connect() as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    async for _ in connection.notifies():
                        self._on_news()
            await asyncio.sleep(_AFTER_FAILURE)
