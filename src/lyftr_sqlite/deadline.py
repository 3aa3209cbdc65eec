"""A limit on the time of a reader, so that no search holds a connection for ever."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import aiosqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_core.errors import StorageUnavailable

__all__ = ["deadline"]

_AGAIN = 0.05
"""Between two interrupts, in seconds: one between two statements stops nothing."""


@asynccontextmanager
async def deadline(connection: AsyncConnection, seconds: float) -> AsyncIterator[None]:
    """Interrupt what the connection does when the time is over, or the caller is cancelled.

    Args:
        connection: Of SQLAlchemy over aiosqlite.
        seconds: From now.

    Raises:
        StorageUnavailable: The time was over.
    """
    raw = await connection.get_raw_connection()
    driver = cast("aiosqlite.Connection", raw.driver_connection)
    ends = asyncio.get_running_loop().time() + seconds
    watch = asyncio.create_task(_interrupt_from(ends, driver))
    try:
        yield
    except SQLAlchemyError as exc:
        if asyncio.get_running_loop().time() < ends:
            raise
        raise StorageUnavailable(f"the answer takes longer than {seconds:g} s") from exc
    except asyncio.CancelledError:
        await driver.interrupt()
        raise
    finally:
        watch.cancel()


async def _interrupt_from(moment: float, driver: aiosqlite.Connection) -> None:
    await asyncio.sleep(moment - asyncio.get_running_loop().time())
    while True:
        await driver.interrupt()
        await asyncio.sleep(_AGAIN)
