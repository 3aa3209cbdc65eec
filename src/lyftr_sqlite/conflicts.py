"""Conflicts in their table: recorded beside the log by the writer.

A batch without a conflict, as nearly all are, comes by here not at all.
"""

from collections.abc import Iterable

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_sql.conflicts import ConflictingDelivery
from lyftr_sqlite.driver import driver_of

__all__ = ["record_conflicts"]

# For a batch of any size; a row of the batch may meet one that the same statement made.
_RECORD = """INSERT INTO conflicts
        (message_id, fields, first_received_at, last_received_at, deliveries)
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'),
        json_extract(value, '$[2]'), json_extract(value, '$[2]'), 1
    FROM json_each(?) WHERE true
    ON CONFLICT (message_id, fields) DO UPDATE SET
        first_received_at = min(first_received_at, excluded.first_received_at),
        last_received_at = max(last_received_at, excluded.last_received_at),
        deliveries = deliveries + 1"""


async def record_conflicts(
    connection: AsyncConnection, deliveries: Iterable[ConflictingDelivery]
) -> None:
    """Record deliveries, in one durable transaction.

    Args:
        connection: In autocommit mode, with no transaction open.
        deliveries: At least one.
    """
    driver = await driver_of(connection)
    await driver.execute(_RECORD, [msgspec.json.encode(list(deliveries)).decode()])
