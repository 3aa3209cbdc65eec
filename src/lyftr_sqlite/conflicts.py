"""Conflicts in their table: recorded beside the log by the writer, listed by the reader.

A batch without a conflict, as nearly all are, comes by here not at all.
"""

from collections.abc import Iterable, Sequence
from itertools import compress
from operator import ne
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_core.conflict import CONTENT_FIELDS, Conflict
from lyftr_core.errors import StorageError
from lyftr_core.timestamps import from_microseconds
from lyftr_sqlite.driver import driver_of
from lyftr_sqlite.schema import conflicts

__all__ = ["SEPARATOR", "ConflictingDelivery", "list_conflicts", "name_fields", "record_conflicts"]

SEPARATOR = ","
"""Between the names of fields; none of them holds it."""
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


class ConflictingDelivery(NamedTuple):
    """One delivery that differed from what was stored under its identifier."""

    message_id: str
    fields: str
    received_at: int


def name_fields(kept: Sequence[object], delivered: Sequence[object]) -> str:
    """Name the fields in which a delivery differs from what is stored, as the table has them.

    It takes values of columns, since a row that another program wrote need be no valid message.

    Args:
        kept: Sender, recipient, time and text.
        delivered: The same.
    """
    return SEPARATOR.join(compress(CONTENT_FIELDS, map(ne, kept, delivered)))


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


async def list_conflicts(connection: AsyncConnection, limit: int) -> tuple[Conflict, ...]:
    """Return conflicts, the latest first.

    Raises:
        StorageError: Another program wrote what is no conflict.
    """
    query = select(conflicts).order_by(
        conflicts.c.last_received_at.desc(), conflicts.c.message_id, conflicts.c.fields
    )
    return tuple(_to_conflict(row) for row in await connection.execute(query.limit(limit)))


def _to_conflict(row: Row[Any]) -> Conflict:
    try:
        return Conflict(
            message_id=row.message_id,
            fields=tuple(filter(None, row.fields.split(SEPARATOR))),
            first_received_at=from_microseconds(row.first_received_at),
            last_received_at=from_microseconds(row.last_received_at),
            deliveries=row.deliveries,
        )
    except (OverflowError, TypeError) as exc:
        raise StorageError("a row of conflicts is none; lyftr check says more") from exc
