"""The ways to the messages that pass a filter: which projection is walked, what is checked there.

Whichever it is, the tail of the log, which the projection does not hold yet, is walked beside it.
"""

import msgspec
from sqlalchemy import ColumnElement, CompoundSelect, FromClause, Select, Table, func, select
from sqlalchemy import union_all as both

from lyftr_core.reading import MessageFilter, Selection
from lyftr_sqlite.conditions import behind, in_order, in_period, in_tail, passing
from lyftr_sqlite.schema import (
    messages,
    messages_by_recipient,
    messages_by_sender,
    messages_by_ts,
    search,
)
from lyftr_sqlite.trigrams import trigram_query

__all__ = ["AccessPath", "by_recipient", "by_sender", "by_trigrams", "by_ts"]

_Places = Select[int, str, int]
"""`ts`, `message_id` and `seq`."""


class AccessPath(msgspec.Struct, frozen=True):
    """A way to the messages that pass a filter.

    Attributes:
        folded: Those that the projection holds.
        rows: Where `folded` takes `ts` and `message_id` from.
        tail: Those that it does not hold yet.
    """

    folded: _Places
    rows: FromClause
    tail: _Places

    def run(self, selection: Selection) -> CompoundSelect[int, str, int]:
        """Return the places of a selection, in its order."""
        folded, tail = self.folded, self.tail
        if selection.after:
            folded = folded.where(behind(self.rows, selection.after, selection.order))
            tail = tail.where(behind(messages, selection.after, selection.order))
        run = both(folded, tail)
        ordered = run.order_by(*in_order(run, selection.order))
        return ordered.limit(selection.limit).offset(selection.offset)

    def count(self) -> ColumnElement[int]:
        """Return how many there are, counted one by one."""
        return _count(self.folded) + _count(self.tail)


def by_ts(query: MessageFilter) -> AccessPath:
    """Walk the messages of the period."""
    return _ordered(messages_by_ts, query, query)


def by_sender(query: MessageFilter) -> AccessPath:
    """Walk the messages of the sender in the period."""
    path = _ordered(messages_by_sender, query, msgspec.structs.replace(query, sender=None))
    return _restricted(path, messages_by_sender.c.sender == query.sender)


def by_recipient(query: MessageFilter) -> AccessPath:
    """Walk the messages to the recipient in the period."""
    path = _ordered(messages_by_recipient, query, msgspec.structs.replace(query, recipient=None))
    return _restricted(path, messages_by_recipient.c.recipient == query.recipient)


def by_trigrams(query: MessageFilter, q: str) -> AccessPath:
    """Look at the messages that hold the trigrams of `q`, in no order."""
    found = select(search.c.rowid).where(search.c.search.match(trigram_query(q)))
    folded = _places(messages).where(messages.c.seq.in_(found), *passing(query))
    return AccessPath(folded, messages, _tail(search.name, query))


def _ordered(rows: Table, query: MessageFilter, rest: MessageFilter) -> AccessPath:
    """Walk a list of messages in its order.

    Args:
        rows: The list.
        query: The whole filter.
        rest: What of it the place in the list leaves open, its period aside.
    """
    folded = _places(rows).where(*in_period(rows, query))
    conditions = list(passing(msgspec.structs.replace(rest, since=None, until=None)))
    if conditions:
        # An outer join, so that SQLite walks the list and not the log.
        joined = rows.outerjoin(messages, messages.c.seq == rows.c.seq)
        folded = folded.select_from(joined).where(*conditions)
    return AccessPath(folded, rows, _tail(rows.name, query))


def _restricted(path: AccessPath, condition: ColumnElement[bool]) -> AccessPath:
    return msgspec.structs.replace(path, folded=path.folded.where(condition))


def _tail(projection: str, query: MessageFilter) -> _Places:
    return _places(messages).where(in_tail(projection), *passing(query))


def _places(rows: FromClause) -> _Places:
    return select(rows.c.ts, rows.c.message_id, rows.c.seq)


def _count(places: _Places) -> ColumnElement[int]:
    return places.with_only_columns(func.count(), maintain_column_froms=True).scalar_subquery()
