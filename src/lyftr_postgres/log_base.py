"""Keeping `seq` growing where the numbers of transactions do not: after a move to another server.

A server counts its own transactions. A database that was restored from a dump, or copied from
elsewhere, may hold messages with a higher `seq` than its new server would give out.
"""

from typing import Any

from psycopg import AsyncConnection, Connection

from lyftr_core.errors import SchemaMismatch, StorageUnavailable
from lyftr_postgres.horizon import NEXT_SEQ, PLACES

__all__ = ["RAISE_BASE", "raise_log_base", "require_log_below", "require_log_below_now"]

_LAST = "(SELECT coalesce(max(seq), 0) FROM messages)"
_IS_AHEAD = f"SELECT {_LAST} >= {NEXT_SEQ}"
_AHEAD = (
    "the log is ahead of this server, as after a move from another one:"
    " run lyftr migrate, which mends that"
)
RAISE_BASE = f"""UPDATE log_base
    SET base = {_LAST} / {PLACES} + 1 - pg_snapshot_xmax(pg_current_snapshot())::text::bigint
    WHERE {_LAST} >= {NEXT_SEQ}"""
"""Raises the base, if need be; whoever runs it has locked `messages` in the mode EXCLUSIVE."""


async def require_log_below(connection: AsyncConnection[Any]) -> None:
    """See that the next message comes behind those that are there.

    Raises:
        StorageUnavailable: It would not.
    """
    found = await (await connection.execute(_IS_AHEAD)).fetchone()
    if found and found[0]:
        raise StorageUnavailable(_AHEAD)


def require_log_below_now(connection: Connection[Any], name: str) -> None:
    """See the same before anything is begun.

    Args:
        connection: To a database with the schema of this version.
        name: What to call it.

    Raises:
        SchemaMismatch: It would not.
    """
    found = connection.execute(_IS_AHEAD).fetchone()
    if found and found[0]:
        raise SchemaMismatch(f"{name}: {_AHEAD}")


def raise_log_base(connection: Connection[Any]) -> bool:
    """Raise the base of the log, if need be, so that the next message comes behind the others.

    Args:
        connection: In a transaction that ends soon: meanwhile nobody adds to the log.

    Returns:
        Whether there was need.
    """
    found = connection.execute(_IS_AHEAD).fetchone()
    is_ahead = bool(found and found[0])
    if is_ahead:
        # Whoever adds to the log has finished before, or begins after the commit.
        connection.execute("LOCK TABLE messages IN EXCLUSIVE MODE")
        connection.execute(RAISE_BASE)
    return is_ahead
