"""Conflicts: what is recorded of a delivery, and the list of them.

A batch without a conflict, as nearly all are, comes by here not at all.
"""

from collections.abc import Sequence
from itertools import compress
from operator import ne
from typing import Any, NamedTuple

from sqlalchemy import Row, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_core.conflict import CONTENT_FIELDS, Conflict
from lyftr_core.errors import StorageError
from lyftr_core.timestamps import from_microseconds

__all__ = ["SEPARATOR", "ConflictingDelivery", "list_conflicts", "name_fields"]

SEPARATOR = ","
"""Between the names of fields; none of them holds it."""


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


async def list_conflicts(
    connection: AsyncConnection, table: Table, limit: int
) -> tuple[Conflict, ...]:
    """Return conflicts, the latest first.

    Args:
        connection: Where to read.
        table: The table of conflicts.
        limit: At most how many.

    Raises:
        StorageError: Another program wrote what is no conflict.
    """
    query = select(table).order_by(
        table.c.last_received_at.desc(), table.c.message_id, table.c.fields
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
