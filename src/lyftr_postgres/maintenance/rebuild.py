"""Making what follows the log anew, or bringing it up to its end, by a process of its own."""

import asyncio
from collections.abc import Callable
from typing import Any

from psycopg import AsyncConnection, sql

from lyftr_postgres.connection.connecting import connect_now, opener
from lyftr_postgres.connection.durability import COUNTING
from lyftr_postgres.connection.failures import as_storage_unavailable
from lyftr_postgres.connection.log_order import find_horizon
from lyftr_postgres.connection.settings import BEGIN
from lyftr_postgres.connection.url import describe
from lyftr_postgres.connection.writing import WritingConnection
from lyftr_postgres.projections.folding import THROUGH, fold
from lyftr_postgres.projections.follower import AT_ONCE, Follower
from lyftr_postgres.schema.migrate import migrate
from lyftr_postgres.schema.tables import SEARCH_INDEX

__all__ = ["fold_all", "rebuild"]

_WHILE_ANOTHER_FOLDS = 0.05
_CLEAR = (
    "UPDATE totals SET value = 0",
    "DELETE FROM counts_by_sender",
    "DELETE FROM counts_by_recipient",
    "DELETE FROM counts_by_time",
    "UPDATE projections SET through_seq = 0 WHERE name = 'counts'",
)
_LAST_BELOW = "SELECT max(seq) FROM messages WHERE seq <"
# What an interrupted REINDEX leaves behind.
_LEFTOVERS = """SELECT relname FROM pg_index JOIN pg_class ON oid = indexrelid
    WHERE indrelid = 'messages'::regclass AND NOT indisvalid AND starts_with(relname, %s)"""


def fold_all(conninfo: str) -> None:
    """Fold what is not folded yet into the counts, unless a server is about it.

    Args:
        conninfo: See `lyftr_postgres.connection.url.parse_database_url`.

    Raises:
        StorageUnavailable: The database cannot be written.
    """
    asyncio.run(_with_connection(conninfo, lambda found: Follower(found).fold_all()))


def rebuild(conninfo: str, progress: Callable[[int, int], None] = lambda _done, _all: None) -> int:
    """Make the counts anew from the log, and then the search index.

    Servers may run: their answers stay exact, but are slow until the counts are there again.
    Interrupted, it leaves the rest to whichever server adds a message next, or to another run.

    Args:
        conninfo: See `lyftr_postgres.connection.url.parse_database_url`. Its schema is brought up
            to date first.
        progress: Told up to which `seq` the log is folded, and up to which it goes.

    Returns:
        The `seq` up to which the log was folded.

    Raises:
        StorageUnavailable: The database cannot be written.
        SchemaMismatch: It is newer than this program.
    """
    has_search_index = migrate(conninfo).has_search_index
    last = 0

    async def count(connection: WritingConnection) -> None:
        nonlocal last
        last = await connection.run(_clear)
        through = 0
        while through < last:
            through = await connection.run(_fold)
            progress(through, last)

    asyncio.run(_with_connection(conninfo, count))
    if has_search_index:
        _reindex(conninfo)
    return last


async def _with_connection(conninfo: str, work: Callable[[WritingConnection], Any]) -> None:
    connection = WritingConnection(opener(conninfo))
    try:
        await work(connection)
    finally:
        await connection.close()


async def _clear(connection: AsyncConnection[Any]) -> int:
    """Empty the counts; what they would answer then comes from the log.

    Returns:
        The last `seq` of the log.
    """
    await connection.execute(BEGIN)
    await connection.execute(f"SELECT pg_advisory_xact_lock({COUNTING})")
    for statement in _CLEAR:
        await connection.execute(statement)
    await connection.execute("COMMIT")
    horizon = await find_horizon(connection)
    return await _number(connection, f"{_LAST_BELOW} {horizon}")


async def _fold(connection: AsyncConnection[Any]) -> int:
    """Fold a run of the log, or wait while a server does; return up to where it is folded."""
    if not await fold(connection, AT_ONCE):
        await asyncio.sleep(_WHILE_ANOTHER_FOLDS)
    return await _number(connection, f"SELECT {THROUGH}")


async def _number(connection: AsyncConnection[Any], query: str) -> int:
    ((found,),) = await (await connection.execute(query.encode())).fetchall()
    return int(found or 0)


def _reindex(conninfo: str) -> None:
    with (
        as_storage_unavailable(f"cannot write {describe(conninfo)}"),
        connect_now(conninfo) as connection,
    ):
        connection.execute(f"REINDEX INDEX CONCURRENTLY {SEARCH_INDEX}")
        for (name,) in connection.execute(_LEFTOVERS, [f"{SEARCH_INDEX}_ccnew"]).fetchall():
            connection.execute(sql.SQL("DROP INDEX CONCURRENTLY {}").format(sql.Identifier(name)))
