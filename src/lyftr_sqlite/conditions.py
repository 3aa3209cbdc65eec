"""A filter and a position, as SQL conditions; and the tail, which no projection holds yet."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, FromClause, and_, select, tuple_

from lyftr_core.reading import MessageFilter, Order, Position
from lyftr_core.timestamps import to_microseconds
from lyftr_sqlite.case_folding import text_holds
from lyftr_sqlite.schema import messages, projections

__all__ = ["PRESENT", "Place", "behind", "in_order", "in_period", "in_tail", "passing"]

Place = tuple[ColumnElement[int], ColumnElement[str]]
"""The columns `ts` and `message_id`, by which messages are ordered; not always of one table."""
PRESENT: ColumnElement[bool] = messages.c.content_hash.is_(None)
"""The condition that a row of the log is a message, and not what stays of a removed one."""


def in_tail(projection: str) -> ColumnElement[bool]:
    """Return the condition that a projection does not hold a message yet, which is there."""
    through = select(projections.c.through_seq).where(projections.c.name == projection)
    return and_(messages.c.seq > through.scalar_subquery(), PRESENT)


def passing(query: MessageFilter) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions that a message must meet to pass a filter."""
    if query.sender is not None:
        yield messages.c.sender == query.sender
    if query.recipient is not None:
        yield messages.c.recipient == query.recipient
    yield from in_period(messages, query)
    if query.q is not None:
        yield text_holds(query.q)


def in_period(rows: FromClause, query: MessageFilter) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions on `ts`, for any table that has it."""
    if query.since is not None:
        yield rows.c.ts >= to_microseconds(query.since)
    if query.until is not None:
        yield rows.c.ts < to_microseconds(query.until)


def behind(place: Place, position: Position, order: Order) -> ColumnElement[bool]:
    """Return the condition that a row comes after a position, in an order.

    Args:
        place: Where the row has its `ts` and its `message_id`.
        position: What it comes after.
        order: Which way.
    """
    own = tuple_(*place)
    mark = tuple_(to_microseconds(position.ts), position.message_id)
    return own < mark if order == Order.DESCENDING else own > mark


def in_order(
    rows: FromClause | CompoundSelect[*tuple[Any, ...]], order: Order
) -> list[ColumnElement[Any]]:
    """Return the columns to sort by."""
    columns = rows.selected_columns if isinstance(rows, CompoundSelect) else rows.c
    place = [columns["ts"], columns["message_id"]]
    return [c.desc() for c in place] if order == Order.DESCENDING else place
