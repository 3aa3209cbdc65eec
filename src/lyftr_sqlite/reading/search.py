"""Which access path answers a selection with the least work.

The counts tell how many messages a path without `q` has to look at, and the search index how many
it would find; whichever is fewer is walked. Every path gives the same answer.
"""

from math import isqrt
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_core.selection import MessageFilter, Selection
from lyftr_sql.conditions import in_order
from lyftr_sqlite.reading.access_paths import (
    AccessPath,
    by_recipient,
    by_sender,
    by_trigrams,
    by_ts,
)
from lyftr_sqlite.reading.counts import TOTALS
from lyftr_sqlite.reading.expressions import is_indexed, text_holds, trigram_query
from lyftr_sqlite.schema.tables import messages, search

__all__ = ["Plan", "look_ahead", "plan"]

_FEW = 1_000
"""So many messages are looked at one by one without asking for a better way."""
_AHEAD = 256
"""In so many messages a word that is in many of them fills a page, with nothing asked before."""


class Plan(msgspec.Struct, frozen=True):
    """How to answer a selection.

    Attributes:
        path: Gives the messages.
        total: Counts all that pass the filter.
    """

    path: AccessPath
    total: ColumnElement[int]


async def plan(connection: AsyncConnection, selection: Selection) -> Plan:
    """Choose the paths for a selection; one read transaction answers all of it."""
    query = selection.filter
    path = await _walk(connection, query)
    if query.q is None:
        return Plan(path, _total(query, path))
    if not is_indexed(query.q):
        return Plan(path, path.count())
    return await _plan_search(connection, selection, query.q, path)


async def look_ahead(connection: AsyncConnection, selection: Selection) -> Select[Any] | None:
    """Return a query for the messages of a search among the next few of its order.

    Where they fill the page, they are the page; else they say nothing.

    Returns:
        Whole rows of `messages`, or `None` if the selection is no search by the index.
    """
    query = selection.filter
    if query.q is None or not is_indexed(query.q):
        return None
    path = await _walk(connection, msgspec.structs.replace(query, q=None))
    next_few = msgspec.structs.replace(selection, limit=_AHEAD, offset=0)
    places = path.run(next_few).subquery()
    found = select(messages).join(places, messages.c.seq == places.c.seq)
    found = found.where(text_holds(query.q)).order_by(*in_order(places, selection.order))
    return found.limit(selection.limit).offset(selection.offset)


async def _walk(connection: AsyncConnection, query: MessageFilter) -> AccessPath:
    """Choose among the paths that walk in order; of two, the one with fewer messages."""
    if query.sender is None and query.recipient is None:
        return by_ts(query)
    if query.sender is None:
        return by_recipient(query)
    if query.recipient is not None:
        fewer = TOTALS.count_by_recipient(query.recipient) < TOTALS.count_by_sender(query.sender)
        if await _ask(connection, fewer):
            return by_recipient(query)
    return by_sender(query)


async def _plan_search(
    connection: AsyncConnection, selection: Selection, q: str, walk: AccessPath
) -> Plan:
    query = selection.filter
    without_q = msgspec.structs.replace(query, q=None)
    passing = await _ask(connection, _total(without_q, await _walk(connection, without_q)))
    if passing <= _FEW:
        return Plan(walk, walk.count())
    found = by_trigrams(query, q)
    # To find the page, a walk looks at some (passing / finds) messages for each that it wants,
    # the index at all its finds: as many where the finds are the root of the product.
    enough = max(_FEW, isqrt(passing * (selection.limit + selection.offset)))
    if await _ask(connection, _finds(q, enough)) < enough:
        return Plan(found, found.count())
    return Plan(walk, found.count())


def _total(query: MessageFilter, walk: AccessPath) -> ColumnElement[int]:
    """Return the number of messages that pass a filter without `q`, from kept counts if any."""
    kept = TOTALS.count_kept(query)
    return walk.count() if kept is None else kept


def _finds(q: str, at_most: int) -> ColumnElement[int]:
    found = select(search.c.rowid).where(search.c.search.match(trigram_query(q))).limit(at_most)
    return select(func.count()).select_from(found.subquery()).scalar_subquery()


async def _ask(connection: AsyncConnection, value: ColumnElement[Any]) -> int:
    return int((await connection.execute(select(value))).scalar_one())
