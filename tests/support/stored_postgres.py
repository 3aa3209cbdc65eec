"""What must be so of a PostgreSQL database after all that was done to it and to its servers."""

from collections import Counter
from collections.abc import Collection
from types import SimpleNamespace
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import dict_row

from lyftr_core.testing.strategies.samples import wire_fields
from lyftr_sql.rows import to_stored
from tests.support.load import fields_of

__all__ = ["assert_kept_in", "expected_stats"]

_BUSIEST = 10


class Row(NamedTuple):
    """What is looked at of a stored message beyond its content."""

    seq: int
    message_id: str
    sender: str


def assert_kept_in(url: str, acknowledged: Collection[str]) -> list[Row]:
    """Every acknowledged message is stored, whole; no row is there twice, or says anything else.

    The table itself is read, and none of its indexes.

    Args:
        url: The database.
        acknowledged: Identifiers of a `Load`.

    Returns:
        All that is stored, in the order of the log.
    """
    rows = _read_table(url)
    stored = [row["message_id"] for row in rows]
    lost = set(acknowledged).difference(stored)
    assert not lost, f"{len(lost)} of {len(acknowledged)} acknowledged messages are lost"
    assert len(stored) == len(set(stored))
    assert len({row["seq"] for row in rows}) == len(rows)
    for row in rows:
        message = to_stored(SimpleNamespace(**row)).message
        assert wire_fields(message) == fields_of(row["message_id"])
    return [Row(row["seq"], row["message_id"], row["sender"]) for row in rows]


def expected_stats(rows: Collection[Row]) -> dict[str, object]:
    """Return what `/stats` must say of the number of messages and of the busiest senders."""
    senders = Counter(row.sender for row in rows)
    busiest = sorted(senders.items(), key=lambda entry: (-entry[1], entry[0]))[:_BUSIEST]
    return {
        "total_messages": len(rows),
        "senders_count": len(senders),
        "messages_per_sender": [{"from": sender, "count": count} for sender, count in busiest],
    }


def _read_table(url: str) -> list[dict[str, Any]]:
    with psycopg.connect(url, row_factory=dict_row) as connection:
        connection.execute("SET enable_indexscan = off")
        connection.execute("SET enable_indexonlyscan = off")
        connection.execute("SET enable_bitmapscan = off")
        return connection.execute("SELECT * FROM messages ORDER BY seq").fetchall()
