"""Moving projections forward along the log, one transaction at a time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_core.errors import StorageUnavailable
from lyftr_sqlite.connection.engines import driver_of
from lyftr_sqlite.connection.turns import LongWork
from lyftr_sqlite.projections.projections import PROJECTIONS, Projection

__all__ = ["Folded", "clear", "fold", "fold_rest", "progress_of"]

_WATERMARKS = "SELECT name, through_seq FROM projections"
_BEGIN = "INSERT INTO projections (name, through_seq) VALUES"
_LAST = "(SELECT coalesce(max(seq), 0) FROM messages)"


class Folded(NamedTuple):
    """How far the log is folded.

    Attributes:
        through: The lowest watermark of some projections.
        last: The last `seq` of the log.
    """

    through: int
    last: int


async def progress_of(connection: AsyncConnection, projections: Sequence[Projection]) -> Folded:
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
    return Folded(min(found[projection.name] for projection in projections), int(last))


async def fold(connection: AsyncConnection, projections: Iterable[Projection], limit: int) -> None:
    """Fold the next run of the log into projections, in one transaction.

    Args:
        connection: The writer's, in autocommit mode, with no transaction open.
        projections: Which, each from its own watermark on.
        limit: At most how many messages.
    """
    statements = [line for one in projections for line in _fold(one, limit)]
    await _run(connection, statements)


async def fold_rest(
    work: LongWork,
    projection: Projection,
    progress: Callable[[Folded], None] = lambda _: None,
) -> int:
    """Fold what is not folded yet into a projection, in steps.

    Args:
        work: Gives the turns.
        projection: Which.
        progress: Told of each step.

    Returns:
        The `seq` up to which the log is folded.
    """
    found = Folded(-1, 0)
    while found.through < found.last:
        async with work.step() as step:
            await fold(step.connection, [projection], projection.at_once)
            found = await progress_of(step.connection, [projection])
        progress(found)
    return found.last


async def clear(connection: AsyncConnection, projection: Projection) -> None:
    """Empty a projection, in one transaction; what it would answer then comes from the log."""
    name, known = f"'{projection.name}'", ", ".join(f"'{one.name}'" for one in PROJECTIONS)
    forget = f"DELETE FROM projections WHERE name = {name} OR name NOT IN ({known})"
    await _run(connection, [*projection.clear, forget, f"{_BEGIN} ({name}, 0)"])


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
