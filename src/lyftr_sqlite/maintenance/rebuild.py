"""Making the projections anew from the log."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from lyftr_sqlite.connection.turns import open_long_work
from lyftr_sqlite.projections.folding import Folded, clear, fold_rest
from lyftr_sqlite.projections.projections import PROJECTIONS
from lyftr_sqlite.schema.migrate import migrate

__all__ = ["rebuild"]


def rebuild(path: Path, progress: Callable[[int, int], None] = lambda _done, _all: None) -> int:
    """Empty one projection after the other, and fold the whole log into it.

    A server may run meanwhile: its answers stay exact, but are slow while what they come from is
    made anew. Interrupted, it leaves to another run what it has not come to.

    Args:
        path: The file. Its schema is brought up to date first.
        progress: Told how much is done, and how much there is to do, both in messages.

    Returns:
        The `seq` up to which the log was folded.

    Raises:
        StorageUnavailable: The database cannot be written.
        SchemaMismatch: It is newer than this program.
    """
    migrate(path)
    return asyncio.run(_rebuild(path, progress))


async def _rebuild(path: Path, progress: Callable[[int, int], None]) -> int:
    last = 0
    async with open_long_work(path) as work:
        for number, projection in enumerate(PROJECTIONS):
            async with work.step() as step:
                await clear(step.connection, projection)

            def tell(found: Folded, before: int = number) -> None:
                done = before * found.last + found.through
                progress(done // len(PROJECTIONS), found.last)

            last = await fold_rest(work, projection, tell)
    return last
