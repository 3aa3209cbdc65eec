"""What must be so of a database after all that was done to its server."""

import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

from lyftr_core.testing.strategies.samples import wire_fields
from lyftr_sql.rows import to_stored
from lyftr_sqlite import check
from tests.support.load import fields_of

__all__ = ["assert_kept", "assert_nothing_wrong"]


def assert_kept(path: Path, acknowledged: Collection[str]) -> int:
    """Every acknowledged message is stored, whole; no row is there twice, or says anything else.

    The table itself is read, and none of its indexes.

    Returns:
        How many messages are stored.
    """
    with closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        rows = list(database.execute("SELECT * FROM messages NOT INDEXED ORDER BY seq"))
    stored = [row["message_id"] for row in rows]
    lost = set(acknowledged).difference(stored)
    assert not lost, f"{len(lost)} of {len(acknowledged)} acknowledged messages are lost"
    assert len(stored) == len(set(stored))
    for row in rows:
        assert wire_fields(to_stored(SimpleNamespace(**row)).message) == fields_of(
            row["message_id"]
        )
    return len(stored)


def assert_nothing_wrong(path: Path) -> None:
    """`lyftr check` finds nothing."""
    found = [finding for finding in check(path) if finding.faults]
    assert found == [], found
