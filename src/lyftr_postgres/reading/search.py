"""The ways of PostgreSQL to the messages of a selection; `lyftr_sql.search_plan` chooses.

A walk takes what an index gives in order, and the planner knows which. With `q` the search index
may give all that hold it, to be sorted.
"""

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_core.selection import MessageFilter, Selection
from lyftr_postgres.reading.conditions import CONDITIONS, is_indexed, text_found
from lyftr_postgres.schema.tables import SEARCH_INDEX, counts, messages
from lyftr_sql.conditions import behind, in_order
from lyftr_sql.search_plan import Search, Way, with_content
from lyftr_sql.totals import Totals

__all__ = ["TOTALS", "PostgresSearch"]

_PLACE = messages.c.ts, messages.c.message_id
_HAS_SEARCH_INDEX = text(
    "SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass(:name) AND indisvalid)"
).bindparams(name=SEARCH_INDEX)


class _AccessPath(msgspec.Struct, frozen=True):
    """A way to the messages that meet some conditions.

    Attributes:
        passing: The conditions.
    """

    passing: tuple[ColumnElement[bool], ...]

    def count(self) -> ColumnElement[int]:
        """Return how many there are, counted one by one."""
        return select(func.count()).select_from(messages).where(*self.passing).scalar_subquery()

    def _behind(self, columns: Select[Any], selection: Selection) -> Select[Any]:
        found = columns.where(*self.passing)
        if selection.after:
            found = found.where(behind(_PLACE, selection.after, selection.order))
        return found


class _Walk(_AccessPath, frozen=True):
    """Walks in order."""

    def page(self, selection: Selection) -> Select[Any]:
        """Return the rows; what is left out at the beginning is counted off in the index alone."""
        if not selection.offset:
            return self._in_order(select(messages), selection)
        return with_content(
            CONDITIONS, self.places(selection).subquery(), "message_id", selection.order
        )

    def places(self, selection: Selection) -> Select[Any]:
        """Return the places alone, which are in the index."""
        return self._in_order(select(*_PLACE), selection).offset(selection.offset)

    def _in_order(self, columns: Select[Any], selection: Selection) -> Select[Any]:
        run = self._behind(columns, selection).order_by(*in_order(messages, selection.order))
        return run.limit(selection.limit)


class _Found(_AccessPath, frozen=True):
    """Takes all that the search index finds, and sorts them."""

    def page(self, selection: Selection) -> Select[Any]:
        """Return the rows."""
        finds = self._behind(select(messages), selection)
        # Materialized, so that the planner does not walk in order after all.
        found = finds.cte("found").prefix_with("MATERIALIZED")
        ordered = select(found).order_by(*in_order(found, selection.order))
        return ordered.limit(selection.limit).offset(selection.offset)


def _walk(query: MessageFilter) -> _Walk:
    return _Walk((CONDITIONS.present, *CONDITIONS.passing(query)))


TOTALS: Totals = Totals(CONDITIONS, counts, lambda query: _walk(query).count())


class PostgresSearch(Search):
    """Answers selections from the indexes of the log, that of pg_trgm among them if it is there."""

    def __init__(self) -> None:
        super().__init__(CONDITIONS, TOTALS, "message_id")
        self._has_search_index = False

    async def find_way(self, connection: AsyncConnection, query: MessageFilter) -> Way:
        """Leave to the planner which index gives the order; ask whether there is one for `q`."""
        q = query.q if query.q is not None and is_indexed(query.q) else None
        return Way(_walk, q if q is not None and await self._can_search(connection) else None)

    def found(self, query: MessageFilter, q: str) -> _Found:
        """Look at what holds `q`."""
        without_q = msgspec.structs.replace(query, q=None)
        return _Found((CONDITIONS.present, text_found(q), *CONDITIONS.passing(without_q)))

    def finds(self, q: str) -> Select[Any]:
        """Return what holds `q`, removed or not."""
        return select(messages.c.seq).where(text_found(q))

    async def _can_search(self, connection: AsyncConnection) -> bool:
        """Tell whether there is a search index; once there is one, it stays."""
        if not self._has_search_index:
            found = await connection.execute(_HAS_SEARCH_INDEX)
            self._has_search_index = bool(found.scalar_one())
        return self._has_search_index
