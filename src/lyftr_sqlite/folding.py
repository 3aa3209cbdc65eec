"""Moving projections forward along the log, one transaction at a time."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_sqlite.projections import PROJECTIONS, Projection

__all__ = ["Folded", "clear", "fold"]

_THROUGH = """SELECT through_seq AS low, coalesce((SELECT max(seq) FROM messages), 0) AS last
    FROM projections WHERE name = ?"""
_BEGIN = "INSERT INTO projections (name, through_seq) VALUES (?, 0)"
_MOVE = "UPDATE projections SET through_seq = :high WHERE name = :name"


class Folded(NamedTuple):
    """How far the log is folded.

    Attributes:
        through: The lowest watermark of the projections that were folded.
        last: The last `seq` of the log.
    """

    through: int
    last: int


async def fold(
    connection: AsyncConnection, projections: Iterable[Projection], limit: int
) -> Folded:
    """Fold the next run of the log into projections, in one transaction.

    Args:
        connection: The writer's, in autocommit mode, with no transaction open.
        projections: Which, at least one.
        limit: At most how many messages.
    """
    await connection.exec_driver_sql("BEGIN IMMEDIATE")
    folded = [await _fold_one(connection, projection, limit) for projection in projections]
    await connection.exec_driver_sql("COMMIT")
    return min(folded)


async def _fold_one(connection: AsyncConnection, projection: Projection, limit: int) -> Folded:
    result = await connection.exec_driver_sql(_THROUGH, (projection.name,))
    row = result.mappings().one()
    low, last = int(row["low"]), int(row["last"])
    high = min(last, low + limit)
    if high > low:
        for statement in projection.fold:
            await connection.exec_driver_sql(statement, {"low": low, "high": high})
        await connection.exec_driver_sql(_MOVE, {"high": high, "name": projection.name})
    return Folded(max(low, high), last)


async def clear(connection: AsyncConnection) -> None:
    """Empty every projection, in one transaction; each answer then comes from the log alone."""
    await connection.exec_driver_sql("BEGIN IMMEDIATE")
    for projection in PROJECTIONS:
        for statement in projection.clear:
            await connection.exec_driver_sql(statement)
    await connection.exec_driver_sql("DELETE FROM projections")
    for projection in PROJECTIONS:
        await connection.exec_driver_sql(_BEGIN, (projection.name,))
    await connection.exec_driver_sql("COMMIT")
