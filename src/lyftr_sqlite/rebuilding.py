"""Making the projections anew from the log."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from lyftr_sqlite.engines import create_writing_engine
from lyftr_sqlite.folding import clear, fold, progress_of
from lyftr_sqlite.migration import migrate
from lyftr_sqlite.projections import PROJECTIONS
from lyftr_sqlite.writing_connection import WritingConnection

__all__ = ["rebuild"]

STEP = 8_192
"""How many messages one transaction folds."""


def rebuild(path: Path, progress: Callable[[int, int], None] = lambda _done, _all: None) -> int:
    """Empty every projection and fold the whole log into it.

    A server may run meanwhile: its answers stay exact, but those that count or search are slow
    until it is done. Interrupted, it is finished by the next start of a server, or by another run.

    Args:
        path: The file. Its schema is brought up to date first.
        progress: Told how far the log is folded, and how long it is, both by `seq`.

    Returns:
        The `seq` up to which it was folded.

    Raises:
        StorageUnavailable: The database cannot be written.
        SchemaMismatch: It is newer than this program.
    """
    migrate(path)
    return asyncio.run(_rebuild(path, progress))


async def _rebuild(path: Path, progress: Callable[[int, int], None]) -> int:
    engine = create_writing_engine(path)
    writing = WritingConnection(engine, path)
    try:
        async with writing.open() as connection:
            await clear(connection)
        through, last = -1, 0
        while through < last:
            async with writing.open() as connection:
                await fold(connection, PROJECTIONS, STEP)
                through, last = await progress_of(connection, PROJECTIONS)
            progress(through, last)
    finally:
        await writing.close()
        await engine.dispose()
    return last
