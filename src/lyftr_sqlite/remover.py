"""Removing from SQLite, in steps between the batches of the writer."""

import asyncio
import time
from collections.abc import Callable, Sequence

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from lyftr_core.removal import Removal, RemovalStep
from lyftr_core.timestamps import to_microseconds
from lyftr_sqlite.blanking import blank
from lyftr_sqlite.conditions import PRESENT
from lyftr_sqlite.failures import as_storage_unavailable
from lyftr_sqlite.pace import Pace
from lyftr_sqlite.schema import messages
from lyftr_sqlite.scrubbing import Scrubber
from lyftr_sqlite.writing_connection import WritingConnection

__all__ = ["SqliteMessageRemover"]

LOOKED_AT = 65_536
"""So many rows of the log one step looks at, at most."""
FEWEST, MOST = 16, 2_048
"""How many messages one step removes, at least and at most."""


class SqliteMessageRemover:
    """The `MessageRemover` port over SQLite.

    Another process may write meanwhile, a server for example.

    Args:
        writing: The writer's connection. The turns of the two alternate.
        reading: The engine of the readers, who look for what is to be removed.
        scrubber: Clears away what is left.
        on_commit: Told after each step that changed something.
    """

    def __init__(
        self,
        writing: WritingConnection,
        reading: AsyncEngine,
        scrubber: Scrubber,
        on_commit: Callable[[], None] = lambda: None,
    ) -> None:
        self._writing = writing
        self._reading = reading
        self._scrubber = scrubber
        self._on_commit = on_commit
        self._pace = Pace(FEWEST, MOST)

    async def remove(self, removal: Removal, after: int) -> RemovalStep:
        """Remove some messages; see `lyftr_core.ports.MessageRemover`."""
        limit = self._pace.at_once
        seqs, last = await self._find(removal, after, limit)
        through = seqs[-1] if len(seqs) == limit else min(after + LOOKED_AT, last)
        if not seqs:
            return RemovalStep(0, through, last)
        async with self._writing.open() as connection:
            began = time.monotonic()
            removed = await blank(connection, seqs)
            took = time.monotonic() - began
        self._on_commit()
        self._pace.note(len(seqs), took)
        await asyncio.sleep(took)  # in which other processes write
        return RemovalStep(removed, through, last)

    async def count(self, removal: Removal) -> int:
        """Count the messages to remove; see `lyftr_core.ports.MessageRemover`."""
        query = select(func.count()).select_from(messages).where(*_conditions(removal))
        with as_storage_unavailable("cannot read"):
            async with self._reading.connect() as connection:
                return int((await connection.execute(query)).scalar_one())

    async def scrub(self) -> bool:
        """Clear away what is left; see `lyftr_core.ports.MessageRemover`."""
        return await self._scrubber.scrub()

    async def _find(self, removal: Removal, after: int, limit: int) -> tuple[Sequence[int], int]:
        """Return the `seq` of the next messages to remove, and the last of the log."""
        ahead = messages.c.seq > after, messages.c.seq <= after + LOOKED_AT
        query = select(messages.c.seq).where(*ahead, *_conditions(removal))
        ordered = query.order_by(messages.c.seq).limit(limit)
        with as_storage_unavailable("cannot read"):
            async with self._reading.connect() as connection:
                seqs = (await connection.execute(ordered)).scalars().all()
                last = (await connection.execute(select(func.max(messages.c.seq)))).scalar_one()
        return seqs, last or 0


def _conditions(removal: Removal) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [PRESENT]
    if removal.received_before is not None:
        conditions.append(messages.c.received_at < to_microseconds(removal.received_before))
    if removal.number is not None:
        number = removal.number
        conditions.append(or_(messages.c.sender == number, messages.c.recipient == number))
    return conditions
