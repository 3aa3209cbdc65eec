"""The writer over PostgreSQL: group commit, each batch in one statement."""

from collections.abc import Callable, Iterable, Sequence

import msgspec
from psycopg import AsyncConnection

from lyftr_core.database import Commit
from lyftr_core.errors import DataRefused, StorageUnavailable
from lyftr_core.message import AddOutcome
from lyftr_postgres.connection.durability import DURABLY
from lyftr_postgres.connection.failures import has_lost_a_race, reason
from lyftr_postgres.connection.log_order import SEQ
from lyftr_postgres.connection.settings import in_transaction
from lyftr_postgres.connection.writing import WritingConnection
from lyftr_sql.conflicts import ConflictingDelivery
from lyftr_sql.group_commit import GroupCommitWriter
from lyftr_sql.rows import Kept, Row, RowVanished, conflicting, tell_outcomes

__all__ = [
    "PostgresBatches",
    "PostgresMessageWriter",
    "find_kept",
    "find_known",
    "insert_batch",
    "record_conflicts",
]

_encode = msgspec.json.Encoder().encode

# One JSON document holds the batch: to hand over as many arrays costs the client six times as much.
# The rows go in by `message_id`, or two servers with the same messages could wait for each other.
_INSERT = f"""
    WITH durably AS MATERIALIZED (SELECT {DURABLY}),
    batch AS MATERIALIZED (
        SELECT field->>0 AS message_id, field->>1 AS sender, field->>2 AS recipient,
            (field->>3)::bigint AS ts, field->>4 AS text, (field->>5)::bigint AS received_at,
            field->>6 AS folded, place
        FROM json_array_elements(%s::json) WITH ORDINALITY AS listed (field, place)
    )
    INSERT INTO messages (message_id, sender, recipient, ts, text, received_at, folded, seq)
    SELECT message_id, sender, recipient, ts, text, received_at, folded, {SEQ} + place
    FROM durably, batch ORDER BY message_id COLLATE "C", place
    ON CONFLICT (message_id) DO NOTHING RETURNING message_id"""

_KNOWN = """SELECT seq, content_hash, message_id, sender, recipient, ts, text
    FROM messages WHERE message_id = ANY(%s)"""

_RECORD = f"""
    WITH durably AS MATERIALIZED (SELECT {DURABLY}),
    delivered AS MATERIALIZED (
        SELECT field->>0 AS message_id, field->>1 AS fields,
            min((field->>2)::bigint) AS first, max((field->>2)::bigint) AS last, count(*) AS number
        FROM json_array_elements(%s::json) AS listed (field) GROUP BY 1, 2
    )
    INSERT INTO conflicts (message_id, fields, first_received_at, last_received_at, deliveries)
    SELECT message_id, fields, first, last, number
    FROM durably, delivered ORDER BY message_id COLLATE "C", fields COLLATE "C"
    ON CONFLICT (message_id, fields) DO UPDATE SET
        first_received_at = least(conflicts.first_received_at, excluded.first_received_at),
        last_received_at = greatest(conflicts.last_received_at, excluded.last_received_at),
        deliveries = conflicts.deliveries + excluded.deliveries"""


class PostgresBatches:
    """Stores batches for the `GroupCommitWriter`.

    Args:
        connection: Others may take turns on it.
    """

    def __init__(self, connection: WritingConnection) -> None:
        self._connection = connection

    async def insert(self, batch: Sequence[Row]) -> list[AddOutcome]:
        """Store the rows whose identifier is new; see `lyftr_sql.group_commit.BatchStore`."""
        try:
            return await self._insert(batch)
        except StorageUnavailable as exc:
            if not has_lost_a_race(exc):
                raise
        return await self._insert(batch)

    async def check(self) -> None:
        """See that something can be committed, if the last commit failed."""
        await self._connection.check()

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()

    def holds_up_others(self, failure: Exception) -> bool:
        """Tell that it does, unless what the batch holds is to blame."""
        return isinstance(failure, StorageUnavailable) and not isinstance(failure, DataRefused)

    def reason(self, failure: Exception) -> str:
        """Return what a refusal says."""
        return reason(failure)

    async def _insert(self, batch: Sequence[Row]) -> list[AddOutcome]:
        return await self._connection.run(lambda connection: insert_batch(connection, batch))


async def insert_batch(connection: AsyncConnection, batch: Sequence[Row]) -> list[AddOutcome]:
    """Store every row of the batch whose identifier is new, in one durable transaction.

    Where there are conflicts among the others, a second one records them.

    Args:
        connection: In autocommit mode, with no transaction open.
        batch: At least one row, at most `LARGEST_BATCH`. An identifier may come more than once.

    Returns:
        What became of each row, in the order of the batch.
    """
    async with in_transaction(connection):
        cursor = await connection.execute(_INSERT, [_encode(batch).decode()])
        created = {str(message_id) for (message_id,) in await cursor.fetchall()}
    if len(created) == len(batch):
        return [AddOutcome.CREATED] * len(batch)
    # Whoever stored the others has committed: the statement has waited for that.
    kept = await find_kept(connection, {row.message_id for row in batch})
    outcomes = tell_outcomes(batch, created, kept)
    if AddOutcome.CONFLICT in outcomes:
        async with in_transaction(connection):
            await record_conflicts(connection, conflicting(batch, outcomes, kept))
    return outcomes


async def find_known(connection: AsyncConnection, message_ids: set[str]) -> dict[str, Kept]:
    """Return what the table holds under those of some identifiers that it knows."""
    cursor = await connection.execute(_KNOWN, [list(message_ids)])
    return {row[2]: Kept(row[0], row[1], row[2:]) for row in await cursor.fetchall()}


async def find_kept(connection: AsyncConnection, message_ids: set[str]) -> dict[str, Kept]:
    """Return what the table holds under some identifiers.

    Raises:
        RowVanished: One of them is not there.
    """
    found = await find_known(connection, message_ids)
    if len(found) < len(message_ids):
        raise RowVanished
    return found


async def record_conflicts(
    connection: AsyncConnection, deliveries: Iterable[ConflictingDelivery]
) -> None:
    """Record deliveries, in one durable transaction, or in that which is open."""
    await connection.execute(_RECORD, [_encode(list(deliveries)).decode()])


class PostgresMessageWriter(GroupCommitWriter):
    """The `MessageWriter` port over PostgreSQL. It is used in one event loop.

    Args:
        connection: Others may take turns on it.
        on_commit: Told after each commit.
    """

    def __init__(
        self,
        connection: WritingConnection,
        on_commit: Callable[[Commit], None] = lambda _commit: None,
    ) -> None:
        super().__init__(PostgresBatches(connection), on_commit=on_commit)
