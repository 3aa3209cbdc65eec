"""What the repository does in one transaction each, as functions of a connection."""

import sqlite3
from datetime import datetime

from examples.fastapi_service.schema import (
    from_moment,
    to_conflict,
    to_moment,
    to_row,
    to_stored,
)
from lyftr_core import (
    BUSIEST_SENDERS,
    AddOutcome,
    Conflict,
    HourCount,
    LogRun,
    LogSelection,
    Matches,
    Message,
    MessageFilter,
    Order,
    Selection,
    SenderCount,
    Stats,
    StoredMessage,
    differing_fields,
    recent_hours,
)

__all__ = ["add", "conflicts", "get", "last_seq", "read_log", "select", "stats"]

_INSERT = """
INSERT INTO messages (message_id, sender, recipient, ts, text, received_at)
VALUES (?, ?, ?, ?, ?, ?)
"""
_RECORD = """
INSERT INTO conflicts VALUES (?, ?, ?, ?, 1)
ON CONFLICT (message_id, fields) DO UPDATE SET
    first_received_at = min(first_received_at, excluded.first_received_at),
    last_received_at = max(last_received_at, excluded.last_received_at),
    deliveries = deliveries + 1
"""
_CONFLICTS = """
SELECT * FROM conflicts ORDER BY last_received_at DESC, message_id, fields LIMIT ?
"""
_FIGURES = "SELECT count(*), count(DISTINCT sender), min(ts), max(ts) FROM messages"
_BUSIEST = """
SELECT sender, count(*) FROM messages GROUP BY sender ORDER BY count(*) DESC, sender LIMIT ?
"""
_HOURS = "SELECT substr(ts, 1, 13), count(*) FROM messages WHERE ts >= ? GROUP BY 1"
_LENGTH_OF_AN_HOUR = len("2026-01-15T09")


def add(connection: sqlite3.Connection, message: Message, received_at: datetime) -> AddOutcome:
    """Store a message if its identifier is new, and record a conflict."""
    known = get(connection, message.message_id)
    if known is None:
        connection.execute(_INSERT, to_row(message, received_at))
        return AddOutcome.CREATED
    fields = differing_fields(known.message, message)
    if not fields:
        return AddOutcome.DUPLICATE
    moment = from_moment(received_at)
    connection.execute(_RECORD, (message.message_id, ",".join(fields), moment, moment))
    return AddOutcome.CONFLICT


def get(connection: sqlite3.Connection, message_id: str) -> StoredMessage | None:
    """Return the message with an identifier, or `None`."""
    found = connection.execute("SELECT * FROM messages WHERE message_id = ?", (message_id,))
    row = found.fetchone()
    return row and to_stored(row)


def select(connection: sqlite3.Connection, selection: Selection) -> Matches:
    """Return a run of messages, and how many match in all."""
    where, values = _conditions(selection.filter)
    total = None
    if selection.with_total:
        counted = connection.execute(f"SELECT count(*) FROM messages WHERE {where}", values)
        (total,) = counted.fetchone()
    behind, direction = (">", "ASC") if selection.order is Order.ASCENDING else ("<", "DESC")
    if place := selection.after:
        where += f" AND (ts, message_id) {behind} (?, ?)"
        values += (from_moment(place.ts), place.message_id)
    rows = connection.execute(
        f"SELECT * FROM messages WHERE {where} "
        f"ORDER BY ts {direction}, message_id {direction} LIMIT ? OFFSET ?",
        (*values, selection.limit, selection.offset),
    )
    return Matches(tuple(map(to_stored, rows)), total)


def _conditions(query: MessageFilter) -> tuple[str, tuple[str, ...]]:
    """Return the condition of a filter, and its values in order."""
    restrictions = [
        ("sender = ?", query.sender),
        ("recipient = ?", query.recipient),
        ("ts >= ?", from_moment(query.since) if query.since else None),
        ("ts < ?", from_moment(query.until) if query.until else None),
        # SQLite's own LIKE and lower() know the letters of ASCII only.
        ("instr(casefold(text), ?)", query.q and query.q.casefold()),
    ]
    given = [(condition, value) for condition, value in restrictions if value is not None]
    where = " AND ".join(condition for condition, _ in given)
    return where or "TRUE", tuple(value for _, value in given)


def read_log(connection: sqlite3.Connection, selection: LogSelection) -> LogRun:
    """Return a run of messages in the order of commit."""
    where, values = _conditions(selection.filter)
    rows = connection.execute(
        f"SELECT * FROM messages WHERE seq > ? AND {where} ORDER BY seq LIMIT ?",
        (selection.after, *values, selection.limit + 1),  # one more tells whether any follows
    )
    found = tuple(map(to_stored, rows))
    run = found[: selection.limit]
    if len(found) > len(run):
        return LogRun(messages=run, through=run[-1].seq, has_more=True)
    through = max(selection.after, last_seq(connection))
    return LogRun(messages=run, through=through, has_more=False)


def last_seq(connection: sqlite3.Connection) -> int:
    """Return the `seq` of the last message, or 0."""
    (last,) = connection.execute("SELECT coalesce(max(seq), 0) FROM messages").fetchone()
    return int(last)


def stats(connection: sqlite3.Connection) -> Stats:
    """Return the figures over all messages."""
    total, senders, first, last = connection.execute(_FIGURES).fetchone()
    busiest = connection.execute(_BUSIEST, (BUSIEST_SENDERS,))
    return Stats(
        total_messages=total,
        senders_count=senders,
        messages_per_sender=tuple(SenderCount(sender, count) for sender, count in busiest),
        first_message_ts=first and to_moment(first),
        last_message_ts=last and to_moment(last),
        messages_per_hour=_hours(connection, to_moment(last)) if last else (),
    )


def _hours(connection: sqlite3.Connection, last: datetime) -> tuple[HourCount, ...]:
    hours = recent_hours(last)
    counts = dict(connection.execute(_HOURS, (from_moment(hours[0]),)).fetchall())
    return tuple(
        HourCount(hour, counts.get(from_moment(hour)[:_LENGTH_OF_AN_HOUR], 0)) for hour in hours
    )


def conflicts(connection: sqlite3.Connection, limit: int) -> tuple[Conflict, ...]:
    """Return the latest conflicts."""
    return tuple(map(to_conflict, connection.execute(_CONFLICTS, (limit,))))
