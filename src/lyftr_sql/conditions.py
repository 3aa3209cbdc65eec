"""A filter and a position, as SQL conditions; and the tail, which no projection holds yet."""

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    FromClause,
    Subquery,
    Table,
    and_,
    literal,
    or_,
    select,
    tuple_,
)

from lyftr_core.removal import Removal
from lyftr_core.selection import MessageFilter, Order, Position
from lyftr_core.timestamps import to_microseconds

__all__ = ["Conditions", "Place", "behind", "in_order", "in_period"]

Place = tuple[ColumnElement[int], ColumnElement[str]]
"""The columns `ts` and `message_id`, by which messages are ordered; not always of one table."""


class Conditions:
    """Conditions on the rows of the log.

    Args:
        messages: The log.
        projections: How far each projection has followed it.
        text_holds: Makes the condition that the text of a message holds another.

    Attributes:
        messages: The log.
        present: The condition that a row of it is a message, and not what stays of a removed one.
        text_holds: Makes the condition that the text of a message holds another.
    """

    def __init__(
        self,
        messages: Table,
        projections: Table,
        text_holds: Callable[[str], ColumnElement[bool]],
    ) -> None:
        self.messages: Table = messages
        self.present: ColumnElement[bool] = messages.c.content_hash.is_(None)
        self._projections = projections
        self.text_holds: Callable[[str], ColumnElement[bool]] = text_holds

    def in_tail(self, projection: str) -> ColumnElement[bool]:
        """Return the condition that a projection does not hold a message yet, which is there."""
        watermarks = self._projections.c
        through = select(watermarks.through_seq).where(watermarks.name == projection)
        return and_(self.messages.c.seq > through.scalar_subquery(), self.present)

    def tail(self, projection: str) -> Subquery:
        """Return the messages that a projection does not hold yet, to be found by `seq` alone.

        Where a busy sender has many messages and the tail a few, a planner that does not know how
        few would take the sender's instead; into a subquery with an offset no condition moves.
        """
        columns = self.messages.c
        found = select(columns.sender, columns.recipient, columns.ts)
        return found.where(self.in_tail(projection)).offset(0).subquery()

    def passing(self, query: MessageFilter) -> Iterator[ColumnElement[bool]]:
        """Yield the conditions that a message must meet to pass a filter."""
        if query.sender is not None:
            yield self.messages.c.sender == query.sender
        if query.recipient is not None:
            yield self.messages.c.recipient == query.recipient
        yield from in_period(self.messages, query)
        if query.q is not None:
            yield self.text_holds(query.q)

    def to_remove(self, removal: Removal) -> Iterator[ColumnElement[bool]]:
        """Yield the conditions that a message must meet to be removed."""
        columns = self.messages.c
        yield self.present
        if removal.received_before is not None:
            yield columns.received_at < to_microseconds(removal.received_before)
        if removal.number is not None:
            yield or_(columns.sender == removal.number, columns.recipient == removal.number)


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
    mark = tuple_(literal(to_microseconds(position.ts), BigInteger), position.message_id)
    return own < mark if order == Order.DESCENDING else own > mark


def in_order(
    rows: FromClause | CompoundSelect[*tuple[Any, ...]], order: Order
) -> list[ColumnElement[Any]]:
    """Return the columns to sort by."""
    columns = rows.selected_columns if isinstance(rows, CompoundSelect) else rows.c
    place = [columns["ts"], columns["message_id"]]
    return [c.desc() for c in place] if order == Order.DESCENDING else place
