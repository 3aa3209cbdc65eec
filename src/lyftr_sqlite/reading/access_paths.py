"""The ways to the messages that pass a filter: which projection is walked, what is checked there.

Whichever it is, the tail of the log, which the projection does not hold yet, is walked beside it.
"""

from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    FromClause,
    Integer,
    Select,
    Table,
    cast,
    func,
    select,
)
from sqlalchemy import union_all as both

from lyftr_core.selection import MessageFilter, Selection
from lyftr_sql.conditions import Place, behind, in_order, in_period
from lyftr_sql.search_plan import with_content
from lyftr_sqlite.reading.conditions import CONDITIONS, trigram_matches
from lyftr_sqlite.schema.tables import (
    messages,
    messages_by_recipient,
    messages_by_sender,
    messages_by_ts,
    search,
)

__all__ = ["AccessPath", "by_recipient", "by_sender", "by_trigrams", "by_ts"]

_Places = Select[int, str, int]
"""`ts`, `message_id` and `seq`."""
_IN_LOG = messages.c.ts, messages.c.message_id


class AccessPath(msgspec.Struct, frozen=True):
    """A way to the messages that pass a filter.

    Attributes:
        folded: Those that the projection holds.
        counted: How many those are.
        place: The columns that `folded` takes `ts` and `message_id` from.
        tail: Those that it does not hold yet.
    """

    folded: _Places
    counted: Select[int]
    place: Place
    tail: _Places

    def places(self, selection: Selection) -> CompoundSelect[int, str, int]:
        """Return the places of a selection, in its order."""
        folded, tail = self.folded, self.tail
        if selection.after:
            folded = folded.where(behind(self.place, selection.after, selection.order))
            tail = tail.where(behind(_IN_LOG, selection.after, selection.order))
        run = both(folded, tail)
        ordered = run.order_by(*in_order(run, selection.order))
        return ordered.limit(selection.limit).offset(selection.offset)

    def page(self, selection: Selection) -> Select[Any]:
        """Return whole rows of the log for a selection, in its order."""
        return with_content(CONDITIONS, self.places(selection).subquery(), "seq", selection.order)

    def count(self) -> ColumnElement[int]:
        """Return how many there are, counted one by one."""
        return self.counted.scalar_subquery() + _count(self.tail).scalar_subquery()


def by_ts(query: MessageFilter) -> AccessPath:
    """Walk the messages of the period."""
    rows = messages_by_ts
    folded = _places(rows.c.ts, rows.c.message_id, rows.c.seq)
    rest = _beyond_period(query)
    if rest:
        folded = folded.select_from(_with_log(rows))
    folded = folded.where(*in_period(rows, query), *rest)
    place = rows.c.ts, rows.c.message_id
    return AccessPath(folded, _count(folded), place, _tail(rows.name, query))


def by_sender(query: MessageFilter) -> AccessPath:
    """Walk the messages of the sender in the period."""
    rest = msgspec.structs.replace(query, sender=None)
    return _by_number(messages_by_sender, query.sender, query, rest)


def by_recipient(query: MessageFilter) -> AccessPath:
    """Walk the messages to the recipient in the period."""
    rest = msgspec.structs.replace(query, recipient=None)
    return _by_number(messages_by_recipient, query.recipient, query, rest)


def by_trigrams(query: MessageFilter, q: str) -> AccessPath:
    """Look at the messages that hold the trigrams of `q`, in no order."""
    folded = _places(*_IN_LOG, messages.c.seq)
    folded = folded.where(messages.c.seq.in_(trigram_matches(q)), *CONDITIONS.passing(query))
    return AccessPath(folded, _count(folded), _IN_LOG, _tail(search.name, query))


def _by_number(
    rows: Table, number: str | None, query: MessageFilter, rest: MessageFilter
) -> AccessPath:
    """Walk a list by phone number.

    Args:
        rows: The list.
        number: Whose part of it.
        query: The whole filter.
        rest: What of it this part leaves open.
    """
    key, ts, seq = rows.c
    place = ts, messages.c.message_id
    part = key == cast(number, Integer), *in_period(rows, query)
    beyond = _beyond_period(rest)
    folded = _places(*place, seq).select_from(_with_log(rows)).where(*part, *beyond)
    # Where nothing else is asked of a message, it is counted without a look at it.
    counted = _count(folded) if beyond else select(func.count()).select_from(rows).where(*part)
    return AccessPath(folded, counted, place, _tail(rows.name, query))


def _with_log(rows: Table) -> FromClause:
    """Join a list with the log: an outer join, so that SQLite walks the list and not the log."""
    return rows.outerjoin(messages, messages.c.seq == rows.c.seq)


def _beyond_period(query: MessageFilter) -> list[ColumnElement[bool]]:
    return list(CONDITIONS.passing(msgspec.structs.replace(query, since=None, until=None)))


def _tail(projection: str, query: MessageFilter) -> _Places:
    return _places(*_IN_LOG, messages.c.seq).where(
        CONDITIONS.in_tail(projection), *CONDITIONS.passing(query)
    )


def _places(
    ts: ColumnElement[int], message_id: ColumnElement[str], seq: ColumnElement[int]
) -> _Places:
    return select(ts, message_id, seq)


def _count(places: _Places) -> Select[int]:
    return places.with_only_columns(func.count(), maintain_column_froms=True)
