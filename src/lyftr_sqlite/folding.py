"""Moving projections forward along the log, one transaction at a time."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_core.errors import StorageUnavailable
from lyftr_sqlite.driver import driver_of
from lyftr_sqlite.projections import PROJECTIONS, Projection

__all__ = ["Progress", "clear", "fold", "progress_of"]

_WATERMARKS = "SELECT name, through_seq FROM projections"
_BEGIN = "INSERT INTO projections (name, through_seq) VALUES"
_LAST = "(SELECT coalesce(max(seq), 0) FROM messages)"


class Progress(NamedTuple):
    """How far the log is folded.

    Attributes:
        through: The lowest watermark of some projections.
        last: The last `seq` of the log.
    """

    through: int
    last: int


async def progress_of(connection: AsyncConnection, projections: Sequence[Projection]) -> Progress:
    """Tell how far some projections have come.

    Raises:
        StorageUnavailable: One of them has no watermark.
    """
    driver = await driver_of(connection)
    found = {str(name): int(seq) for name, seq in await driver.execute_fetchall(_WATERMARKS)}
    lost = [projection.name for projection in projections if projection.name not in found]
    if lost:
        raise StorageUnavailable(f"{lost[0]} has no watermark; lyftr rebuild makes it anew")
    ((last,),) = await driver.execute_fetchall(f"SELECT {_LAST}")
    return Progress(min(found[projection.name] for projection in projections), int(last))


async def fold(connection: AsyncConnection, projections: Iterable[Projection], limit: int) -> None:
    """Fold the next run of the log into projections, in one transaction.

    Args:
        connection: The writer's, in autocommit mode, with no transaction open.
        projections: Which, each from its own watermark on.
        limit: At most how many messages.
    """
    statements = [line for one in projections for line in _fold(one, limit)]
    await _run(connection, statements)


async def clear(connection: AsyncConnection) -> None:
    """Empty every projection, in one transaction; each answer then comes from the log alone."""
    statements = [statement for one in PROJECTIONS for statement in one.clear]
    statements.append("DELETE FROM projections")
    statements += [f"{_BEGIN} ('{one.name}', 0)" for one in PROJECTIONS]
    await _run(connection, statements)


def _fold(projection: Projection, limit: int) -> Iterator[str]:
    low = f"(SELECT through_seq FROM projections WHERE name = '{projection.name}')"
    # Counted by messages, not by seq: what was imported may leave long gaps.
    run = f"SELECT seq FROM messages WHERE seq > {low} ORDER BY seq LIMIT {limit}"
    high = f"(SELECT coalesce(max(seq), {low}) FROM ({run}))"
    for statement in projection.fold:
        known = statement.replace(":low", low).replace(":high", high)
        yield known.replace(":limit", str(limit))
    yield f"UPDATE projections SET through_seq = {high} WHERE name = '{projection.name}'"


async def _run(connection: AsyncConnection, statements: Iterable[str]) -> None:
    """Run a transaction in one hop: webhooks wait until it is over, and the loop is busy then."""
    driver = await driver_of(connection)
    await driver.executescript(";\n".join(["BEGIN IMMEDIATE", *statements, "COMMIT"]))
