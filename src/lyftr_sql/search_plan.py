"""Decides once for each selection which way its messages are reached with the least work.

A walk follows an order and looks at one message after the other, which is short where many pass;
the search index gives all that hold a text, which is short where few do. The counts tell how many
messages a walk without `q` has to look at, and the index how many it would find. Every way gives
the same answer.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from math import isqrt
from typing import Any, NamedTuple, Protocol

import msgspec
from sqlalchemy import ColumnElement, CompoundSelect, Row, Select, Subquery, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_core.selection import MessageFilter, Order, Selection
from lyftr_sql.conditions import Conditions, in_order
from lyftr_sql.totals import Totals

__all__ = ["AccessPath", "Plan", "Search", "Walk", "Way"]

FEW = 1_000
"""So many messages are looked at one by one without asking for a better way."""
AHEAD = 256
"""In so many messages a word that is in many of them fills a page, with nothing asked before."""

_Rows = Sequence[Row[Any]]


class AccessPath(Protocol):
    """A way to the messages that pass a filter."""

    def page(self, selection: Selection) -> Select[Any]:
        """Return the query for a selection: whole rows of the log, in its order."""
        ...

    def count(self) -> ColumnElement[int]:
        """Return how many messages pass the filter, counted one by one."""
        ...


class Walk(AccessPath, Protocol):
    """A way that follows an order."""

    def places(self, selection: Selection) -> Select[Any] | CompoundSelect[*tuple[Any, ...]]:
        """Return the query for the places of a selection, with the key of each message."""
        ...


class Way(NamedTuple):
    """What is decided of a selection before anything is read.

    Attributes:
        walk: Gives the walk for a filter; which order it follows is chosen.
        q: What the search index can find of the selection, if anything.
    """

    walk: Callable[[MessageFilter], Walk]
    q: str | None


class Plan(NamedTuple):
    """How to answer a selection.

    Attributes:
        path: Gives the messages.
        total: Counts all that pass the filter.
    """

    path: AccessPath
    total: ColumnElement[int]


class Search(ABC):
    """Answers the selections of one database.

    Args:
        conditions: On the log.
        totals: What is counted already.
        key: The column by which the places of messages are joined with the log.
    """

    def __init__(self, conditions: Conditions, totals: Totals, key: str) -> None:
        self._conditions = conditions
        self._totals = totals
        self._key = key

    @abstractmethod
    async def find_way(self, connection: AsyncConnection, query: MessageFilter) -> Way:
        """Decide which order to walk, and whether the search index can be asked."""

    @abstractmethod
    def found(self, query: MessageFilter, q: str) -> AccessPath:
        """Return the way that the search index gives, to all that holds `q`."""

    @abstractmethod
    def finds(self, q: str) -> Select[Any]:
        """Return what the index finds, a row each; it may be more than holds `q`."""

    async def answer(
        self, connection: AsyncConnection, selection: Selection
    ) -> tuple[_Rows, int | None]:
        """Return the rows of a selection, and their total if it is asked.

        Args:
            connection: In a transaction that sees one moment.
            selection: Which messages.
        """
        way = await self.find_way(connection, selection.filter)
        rows = await self._look_ahead(connection, selection, way)
        if rows is not None and not selection.with_total:
            return rows, None
        plan = await self.plan(connection, selection, way)
        if rows is None:
            rows = (await connection.execute(plan.path.page(selection))).all()
        return rows, await ask(connection, plan.total) if selection.with_total else None

    async def plan(self, connection: AsyncConnection, selection: Selection, way: Way) -> Plan:
        """Choose between a walk and the search index, for the page and for the total."""
        query = selection.filter
        walk = way.walk(query)
        if way.q is None:
            return Plan(walk, self._total(query, walk))
        without_q = _without_q(query)
        passing = await ask(connection, self._total(without_q, way.walk(without_q)))
        if passing <= FEW:
            return Plan(walk, walk.count())
        found = self.found(query, way.q)
        # To find the page, a walk looks at some (passing / finds) messages for each that it wants,
        # the index at all its finds: as many where the finds are the root of the product.
        enough = max(FEW, isqrt(passing * (selection.limit + selection.offset)))
        finds = select(func.count()).select_from(self.finds(way.q).limit(enough).subquery())
        is_rare = await ask(connection, finds.scalar_subquery()) < enough
        return Plan(found if is_rare else walk, found.count())

    async def _look_ahead(
        self, connection: AsyncConnection, selection: Selection, way: Way
    ) -> _Rows | None:
        """Return the page of a search where the next few messages fill it, else `None`."""
        if way.q is None:
            return None
        walk = way.walk(_without_q(selection.filter))
        next_few = walk.places(msgspec.structs.replace(selection, limit=AHEAD, offset=0)).subquery()
        found = with_content(self._conditions, next_few, self._key, selection.order)
        page = found.where(self._conditions.text_holds(way.q))
        rows = await connection.execute(page.limit(selection.limit).offset(selection.offset))
        filled = rows.all()
        return filled if len(filled) == selection.limit else None

    def _total(self, query: MessageFilter, walk: AccessPath) -> ColumnElement[int]:
        """Return the number of messages that pass a filter, from kept counts if any."""
        kept = None if query.q else self._totals.count_kept(query)
        return walk.count() if kept is None else kept


def with_content(conditions: Conditions, places: Subquery, key: str, order: Order) -> Select[Any]:
    """Fetch the messages of some places, in the same order."""
    messages = conditions.messages
    found = select(messages).join(places, messages.c[key] == places.c[key])
    return found.order_by(*in_order(places, order))


async def ask(connection: AsyncConnection, value: ColumnElement[Any]) -> int:
    """Return the value of an expression."""
    return int((await connection.execute(select(value))).scalar_one())


def _without_q(query: MessageFilter) -> MessageFilter:
    return msgspec.structs.replace(query, q=None)
