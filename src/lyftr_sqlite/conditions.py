"""A filter and a position, as SQL conditions."""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, func, tuple_

from lyftr_core.reading import MessageFilter, Order, Position
from lyftr_core.timestamps import to_microseconds
from lyftr_sqlite.schema import messages

__all__ = ["behind", "passing"]

_columns = messages.c


def passing(query: MessageFilter) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions that a row must meet to pass a filter."""
    if query.sender is not None:
        yield _columns.sender == query.sender
    if query.recipient is not None:
        yield _columns.recipient == query.recipient
    if query.since is not None:
        yield _columns.ts >= to_microseconds(query.since)
    if query.until is not None:
        yield _columns.ts < to_microseconds(query.until)
    if query.q is not None:
        yield func.instr(func.casefold(_columns.text), query.q.casefold()) > 0


def behind(position: Position, order: Order) -> ColumnElement[bool]:
    """Return the condition that a row comes after a position, in an order."""
    place = tuple_(_columns.ts, _columns.message_id)
    mark = tuple_(to_microseconds(position.ts), position.message_id)
    return place < mark if order == Order.DESCENDING else place > mark
