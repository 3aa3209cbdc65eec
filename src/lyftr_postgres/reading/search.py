"""Which way to the messages of a selection is the shorter one, and the queries for it.

Without `q` an index gives them in order. With it there are two ways: to walk such an order and
look into each text, short where many texts hold `q`; or to take all that the search index finds
and sort them, short where few do. What is counted in advance says which.
"""

from collections.abc import Sequence
from math import isqrt
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_core.selection import MessageFilter, Selection
from lyftr_postgres.reading.counts import conditions, count_one_by_one, totals
from lyftr_postgres.reading.expressions import is_indexed, text_found, text_holds
from lyftr_postgres.schema.tables import messages
from lyftr_sql.conditions import behind, in_order

__all__ = ["answer"]

Rows = Sequence[Row[Any]]

_FEW = 1_000
"""So many messages are looked at one by one without asking for a better way."""
_AHEAD = 256
"""In so many messages a word that is in many of them fills a page, with nothing asked before."""
_PLACE = messages.c.ts, messages.c.message_id


async def answer(
    connection: AsyncConnection, selection: Selection, *, has_search_index: bool
) -> tuple[Rows, int | None]:
    """Return the rows of a selection, and their total if it is asked.

    Args:
        connection: In a transaction that sees one moment.
        selection: Which messages.
        has_search_index: Whether there is an index to search by.
    """
    query = selection.filter
    if query.q is None:
        rows = await _rows(connection, _walk(selection))
        return rows, await _ask(connection, _total(query)) if selection.with_total else None
    by_index = has_search_index and is_indexed(query.q)
    if not by_index:
        rows = await _rows(connection, _walk(selection))
        total = await _ask(connection, count_one_by_one(query)) if selection.with_total else None
        return rows, total
    return await _search(connection, selection, query.q)


async def _search(
    connection: AsyncConnection, selection: Selection, q: str
) -> tuple[Rows, int | None]:
    rows: Rows | None = await _rows(connection, _look_ahead(selection, q))
    if rows is not None and len(rows) < selection.limit:
        rows = None  # it says nothing: there may be more beyond where was looked
    if rows is not None and not selection.with_total:
        return rows, None
    walked = await _is_walk_shorter(connection, selection, q)
    if rows is None:
        rows = await _rows(connection, _walk(selection) if walked else _find(selection, q))
    if not selection.with_total:
        return rows, None
    without_q = msgspec.structs.replace(selection.filter, q=None)
    found = select(func.count()).select_from(messages)
    found = found.where(conditions.present, text_found(q), *conditions.passing(without_q))
    return rows, await _ask(connection, found.scalar_subquery())


async def _is_walk_shorter(connection: AsyncConnection, selection: Selection, q: str) -> bool:
    without_q = msgspec.structs.replace(selection.filter, q=None)
    passing = await _ask(connection, _total(without_q))
    if passing <= _FEW:
        return True
    # To find the page, a walk looks at some (passing / finds) messages for each that it wants,
    # the index at all its finds: as many where the finds are the root of the product.
    enough = max(_FEW, isqrt(passing * (selection.limit + selection.offset)))
    finds = select(messages.c.seq).where(text_found(q)).limit(enough).subquery()
    return (
        await _ask(connection, select(func.count()).select_from(finds).scalar_subquery()) == enough
    )


def _walk(selection: Selection) -> Select[Any]:
    """Walk in order; what is left out at the beginning is counted off in the index alone."""
    if not selection.offset:
        return _in_order(select(messages), selection, selection.filter).limit(selection.limit)
    run = _in_order(select(*_PLACE), selection, selection.filter)
    places = run.limit(selection.limit).offset(selection.offset).subquery()
    found = select(messages).join(places, messages.c.message_id == places.c.message_id)
    return found.order_by(*in_order(places, selection.order))


def _look_ahead(selection: Selection, q: str) -> Select[Any]:
    """Look for `q` among the next few messages of the order alone."""
    without_q = msgspec.structs.replace(selection.filter, q=None)
    ahead = _in_order(select(*_PLACE), selection, without_q).limit(_AHEAD).subquery()
    found = select(messages).join(ahead, messages.c.message_id == ahead.c.message_id)
    found = found.where(text_holds(q)).order_by(*in_order(ahead, selection.order))
    return found.limit(selection.limit).offset(selection.offset)


def _find(selection: Selection, q: str) -> Select[Any]:
    """Take all that the search index finds, and sort them."""
    without_q = msgspec.structs.replace(selection.filter, q=None)
    finds = select(messages).where(
        conditions.present, text_found(q), *conditions.passing(without_q)
    )
    if selection.after:
        finds = finds.where(behind(_PLACE, selection.after, selection.order))
    # Materialized, so that the planner does not walk in order after all.
    found = finds.cte("found").prefix_with("MATERIALIZED")
    ordered = select(found).order_by(*in_order(found, selection.order))
    return ordered.limit(selection.limit).offset(selection.offset)


def _in_order(run: Select[Any], selection: Selection, query: MessageFilter) -> Select[Any]:
    run = run.where(conditions.present, *conditions.passing(query))
    if selection.after:
        run = run.where(behind(_PLACE, selection.after, selection.order))
    return run.order_by(*in_order(messages, selection.order))


def _total(query: MessageFilter) -> ColumnElement[int]:
    """Return the number of messages that pass a filter without `q`, from kept counts if any."""
    kept = totals.count_kept(query)
    return count_one_by_one(query) if kept is None else kept


async def _rows(connection: AsyncConnection, query: Select[Any]) -> Rows:
    rows: Rows = (await connection.execute(query)).all()
    return rows


async def _ask(connection: AsyncConnection, value: ColumnElement[Any]) -> int:
    return int((await connection.execute(select(value))).scalar_one())
