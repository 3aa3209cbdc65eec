"""The reader over a SQL database: each answer comes from one read transaction, of one moment."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from sqlalchemy import Row, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_core.conflict import Conflict
from lyftr_core.message import StoredMessage
from lyftr_core.selection import LogRun, LogSelection, Matches, Selection, Stats
from lyftr_sql.conditions import Conditions
from lyftr_sql.conflicts import list_conflicts
from lyftr_sql.figures import Figures
from lyftr_sql.rows import to_stored
from lyftr_sql.search_plan import Search

__all__ = ["LOOKED_AT", "PATIENCE", "SqlMessageReader", "read_run"]

PATIENCE = 5.0
"""How long one answer may take, in seconds; then its connection serves others."""
LOOKED_AT = 16_384
"""At most so many rows are looked at for one run: with a filter that hardly any message passes it
would otherwise take as long as it takes to read the whole table."""

T = TypeVar("T")


class SqlMessageReader(ABC):
    """The `MessageReader` port over a SQL database.

    Args:
        conditions: On the log.
        conflicts: The table of conflicts.
        search: Answers selections.
        figures: The statistics.
    """

    def __init__(
        self, conditions: Conditions, conflicts: Table, search: Search, figures: Figures
    ) -> None:
        self._conditions = conditions
        self._conflicts = conflicts
        self._search = search
        self._figures = figures

    async def get(self, message_id: str) -> StoredMessage | None:
        """Return one message; see `lyftr_core.ports.MessageReader`."""
        messages = self._conditions.messages
        one = messages.c.message_id == message_id, self._conditions.present
        query = select(messages).where(*one)

        async def find(connection: AsyncConnection) -> Row[Any] | None:
            return (await connection.execute(query)).one_or_none()

        row = await self._read(find)
        return None if row is None else to_stored(row)

    async def select(self, selection: Selection) -> Matches:
        """Return a run of messages; see `lyftr_core.ports.MessageReader`."""
        rows, total = await self._read(
            lambda connection: self._search.answer(connection, selection)
        )
        return Matches(tuple(map(to_stored, rows)), total)

    @abstractmethod
    async def read_log(self, selection: LogSelection) -> LogRun:
        """Return a run of the log; see `lyftr_core.ports.MessageReader`."""

    @abstractmethod
    async def last_seq(self) -> int:
        """Return the `seq` of the last message; see `lyftr_core.ports.MessageReader`."""

    async def stats(self) -> Stats:
        """Return the statistics; see `lyftr_core.ports.MessageReader`."""
        return await self._read(self._figures.compute)

    async def conflicts(self, limit: int) -> tuple[Conflict, ...]:
        """Return what was recorded of conflicts; see `lyftr_core.ports.MessageReader`."""
        return await self._read(
            lambda connection: list_conflicts(connection, self._conflicts, limit)
        )

    @abstractmethod
    async def _read(self, work: Callable[[AsyncConnection], Coroutine[Any, Any, T]]) -> T:
        """Do some work in a transaction that sees one moment."""


async def read_run(
    connection: AsyncConnection, conditions: Conditions, selection: LogSelection, through: int
) -> LogRun:
    """Return a run of the log that goes no further than a `seq`.

    No projection is asked: each holds the messages in another order.

    Returns:
        `has_more` tells whether the limit cut it off before that `seq`.
    """
    seq = conditions.messages.c.seq
    query = select(conditions.messages).where(
        *(seq > selection.after, seq <= through, conditions.present),
        *conditions.passing(selection.filter),
    )
    ordered = query.order_by(seq).limit(selection.limit + 1)
    rows: Sequence[Row[Any]] = (await connection.execute(ordered)).all()
    run = tuple(map(to_stored, rows[: selection.limit]))
    if len(rows) > len(run):
        return LogRun(messages=run, through=run[-1].seq, has_more=True)
    return LogRun(messages=run, through=max(selection.after, through), has_more=False)
