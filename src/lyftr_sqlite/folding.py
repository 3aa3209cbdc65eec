"""Moving projections forward along the log, one transaction at a time."""

from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_sqlite.projections import PROJECTIONS, Projection

__all__ = ["clear", "fold"]

_THROUGH = """SELECT through_seq AS low, coalesce((SELECT max(seq) FROM messages), 0) AS last
    FROM projections WHERE name = ?"""
_MOVE = "UPDATE projections SET through_seq = :high WHERE name = :name"


async def fold(connection: AsyncConnection, projections: Iterable[Projection], limit: int) -> int:
    """Fold the next run of the log into projections, in one transaction.

    Args:
        connection: The writer's, in autocommit mode, with no transaction open.
        projections: Which.
        limit: At most how many messages.

    Returns:
        How many messages, at most, the one furthest behind has still to take.
    """
    await connection.exec_driver_sql("BEGIN IMMEDIATE")
    behind = [await _fold_one(connection, projection, limit) for projection in projections]
    await connection.exec_driver_sql("COMMIT")
    return max(behind, default=0)


async def _fold_one(connection: AsyncConnection, projection: Projection, limit: int) -> int:
    result = await connection.exec_driver_sql(_THROUGH, (projection.name,))
    row = result.mappings().one()
    low, last = int(row["low"]), int(row["last"])
    high = min(last, low + limit)
    if high <= low:
        return 0
    for statement in projection.fold:
        await connection.exec_driver_sql(statement, {"low": low, "high": high})
    await connection.exec_driver_sql(_MOVE, {"high": high, "name": projection.name})
    return last - high


async def clear(connection: AsyncConnection) -> None:
    """Empty every projection, in one transaction; each answer then comes from the log alone."""
    await connection.exec_driver_sql("BEGIN IMMEDIATE")
    for projection in PROJECTIONS:
        for statement in projection.clear:
            await connection.exec_driver_sql(statement)
    await connection.exec_driver_sql("UPDATE projections SET through_seq = 0")
    await connection.exec_driver_sql("COMMIT")
