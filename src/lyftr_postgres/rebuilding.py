"""Bringing the counts up to the end of the log, by a process of its own."""

import asyncio

from lyftr_postgres.connecting import opener
from lyftr_postgres.follower import Follower
from lyftr_postgres.writing_connection import WritingConnection

__all__ = ["fold_all"]


def fold_all(conninfo: str) -> None:
    """Fold what is not folded yet into the counts, unless a server is about it.

    Args:
        conninfo: See `lyftr_postgres.url.parse_database_url`.

    Raises:
        StorageUnavailable: The database cannot be written.
    """
    asyncio.run(_fold_all(conninfo))


async def _fold_all(conninfo: str) -> None:
    connection = WritingConnection(opener(conninfo))
    try:
        await Follower(connection).fold_all()
    finally:
        await connection.close()
