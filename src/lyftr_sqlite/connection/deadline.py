"""A limit on the time of a reader, so that no search holds a connection for ever."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import aiosqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_core.errors import StorageUnavailable
from lyftr_sqlite.connection.engines import driver_of

__all__ = ["within"]

T = TypeVar("T")

_AGAIN = 0.02
"""Between two interrupts, in seconds: one that comes between two statements stops nothing."""


async def within(seconds: float, connection: AsyncConnection, work: Coroutine[Any, Any, T]) -> T:
    """Do some work on a connection, and stop it when the time is over or the caller is cancelled.

    To cancel the work alone would leave its statement running, and the connection with it.

    Args:
        seconds: From now.
        connection: Of SQLAlchemy over aiosqlite.
        work: Uses the connection.

    Raises:
        StorageUnavailable: The time was over.
    """
    driver = await driver_of(connection)
    task = asyncio.create_task(work)
    try:
        await asyncio.wait([task], timeout=seconds)
        if task.done():
            return task.result()
    finally:
        await _stop(task, driver)
    raise StorageUnavailable(f"the answer takes longer than {seconds:g} s")


async def _stop(task: asyncio.Task[Any], driver: aiosqlite.Connection) -> None:
    # That it was interrupted is what was wanted, and no news, not even to who is cancelled twice.
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    while not task.done():
        await driver.interrupt()
        await asyncio.wait([task], timeout=_AGAIN)
