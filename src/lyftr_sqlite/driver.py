"""Past SQLAlchemy to the driver, where hops to its thread count: each waits for the event loop."""

from typing import cast

import aiosqlite
from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["driver_of"]


async def driver_of(connection: AsyncConnection) -> aiosqlite.Connection:
    """Return the driver's own connection."""
    raw = await connection.get_raw_connection()
    return cast("aiosqlite.Connection", raw.driver_connection)
