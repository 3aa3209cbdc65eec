"""How `seq` is made, where the log ends for those who follow it, and what a move must not break.

A message's `seq` is made of the number of its transaction and of its place among the messages of
that transaction, so no sequence is asked for it. Transactions do not commit in the order of their
numbers: a reader would skip one that stalls between its insert and its commit. So the log is read
only below the oldest transaction that may still add to it; a later one has a higher number
(https://www.postgresql.org/docs/current/functions-info.html, "Transaction ID and Snapshot
Information Functions").

A server counts its own transactions. A database that was restored from a dump, or copied from
elsewhere, may hold messages with a higher `seq` than its new server would give out.
"""

from typing import Any

from psycopg import AsyncConnection, Connection

from lyftr_core.errors import SchemaMismatch, StorageUnavailable
from lyftr_postgres.connection.settings import in_transaction

__all__ = [
    "HORIZON",
    "LARGEST_BATCH",
    "NEXT_SEQ",
    "PLACES",
    "RAISE_BASE",
    "SEQ",
    "find_horizon",
    "raise_log_base",
    "require_log_below",
    "require_log_below_now",
]

PLACES = 4_096
"""How many values of `seq` each transaction has."""
LARGEST_BATCH = PLACES - 1
"""How many messages one transaction can add: their places are counted from 1."""

SEQ = f"(pg_current_xact_id()::text::bigint + (SELECT base FROM log_base)) * {PLACES}"
"""The `seq` of this transaction, to which the place of a message is added."""
NEXT_SEQ = f"""((pg_snapshot_xmax(pg_current_snapshot())::text::bigint
    + (SELECT base FROM log_base)) * {PLACES})"""
"""The same for the next transaction."""

# The snapshot comes before the look at the locks. Who adds to the log locks its table before it
# gets a number, and gives up the lock after its rows can be seen: so whoever has a number below
# that of the snapshot and is not among the holders has finished, and the next snapshot shows it.
# A lock names a transaction by the lower half of its number. Where no transaction has a number,
# as mostly, or on a standby, which has no locks of its primary, the snapshot alone tells.
HORIZON = f"""
    WITH moment AS MATERIALIZED (
        SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest,
            pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next
    ), adding AS (
        SELECT ((SELECT next FROM moment) - own.transactionid::text::bigint) & 4294967295 AS age
        FROM pg_locks AS own JOIN pg_locks AS held USING (virtualtransaction)
        WHERE own.locktype = 'transactionid' AND own.mode = 'ExclusiveLock' AND own.granted
            AND held.locktype = 'relation' AND held.relation = 'messages'::regclass
            AND held.mode = 'RowExclusiveLock' AND held.granted
            AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    )
    SELECT (base + CASE WHEN oldest = next OR pg_is_in_recovery() THEN oldest
        ELSE next - coalesce((SELECT max(age) FROM adding WHERE age < 2147483648), 0) END)
        * {PLACES}
    FROM moment, log_base"""
"""The query of `find_horizon`."""


async def find_horizon(connection: AsyncConnection[Any]) -> int:
    """Return a `seq` below which nothing is added any more.

    Whatever is below it is seen by the snapshots that are taken after this returns.

    Args:
        connection: In autocommit mode, with no transaction open.

    Raises:
        StorageUnavailable: The base of the log is missing.
    """
    async with in_transaction(connection):
        found = await (await connection.execute(HORIZON)).fetchone()
    if found is None:
        raise StorageUnavailable("the base of the log is missing")
    return int(found[0])


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
