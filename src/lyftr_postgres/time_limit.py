"""A limit on the time of a reader, so that no search holds a connection for ever."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_core.errors import StorageUnavailable

__all__ = ["within"]

T = TypeVar("T")


async def within(seconds: float, connection: AsyncConnection, work: Coroutine[Any, Any, T]) -> T:
    """Do some work on a connection, and give both up when the time is over.

    Args:
        seconds: From now.
        connection: It is not used again after it was cut short, be it by the caller.
        work: Uses the connection. What it asked of the server is cancelled there too.

    Raises:
        StorageUnavailable: The time was over.
    """
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError as exc:
        await connection.invalidate()
        raise StorageUnavailable(f"the answer takes longer than {seconds:g} s") from exc
    except asyncio.CancelledError:
        await connection.invalidate()
        raise
