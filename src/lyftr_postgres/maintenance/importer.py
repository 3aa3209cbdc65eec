"""Taking in messages from elsewhere, beside the servers, each transaction a short one."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import msgspec
from psycopg import AsyncConnection

from lyftr_core.message import AddOutcome, Record
from lyftr_postgres.connection.connecting import opener
from lyftr_postgres.connection.durability import DURABLY
from lyftr_postgres.connection.log_order import RAISE_BASE
from lyftr_postgres.connection.settings import BEGIN
from lyftr_postgres.connection.writing import WritingConnection
from lyftr_postgres.projections.follower import LONG_TAIL, Follower
from lyftr_postgres.schema.migrate import prepare
from lyftr_postgres.writer import find_known, insert_batch, record_conflicts
from lyftr_sql.importing import place
from lyftr_sql.rows import Row, conflicting, to_row

__all__ = ["PostgresImporter", "open_importer"]

_LAST_SEQ = "SELECT coalesce(max(seq), 0) FROM messages"
_ADD = """INSERT INTO messages
        (seq, message_id, sender, recipient, ts, text, received_at, folded)
    SELECT (field->>0)::bigint, field->>1, field->>2, field->>3, (field->>4)::bigint, field->>5,
        (field->>6)::bigint, field->>7
    FROM json_array_elements(%s::json) AS listed (field)"""


class PostgresImporter:
    """Adds to the log beside whoever else does, servers perhaps; see `open_importer`."""

    def __init__(self, connection: WritingConnection, runner: asyncio.Runner) -> None:
        self._connection = connection
        self._follower = Follower(connection)
        self._runner = runner
        self._tail = 0

    def add(self, batch: Sequence[Record], *, received_at: datetime) -> list[AddOutcome]:
        """Store every message of the batch whose identifier is new; all are committed, or none.

        Conflicts among the others are recorded, as those of webhooks are.

        Args:
            batch: At least one, at most `LARGEST_BATCH`. An identifier may come more than once.
            received_at: For those that do not say when they were received; aware, in UTC.

        Returns:
            What became of each, in the order of the batch.

        Raises:
            StorageUnavailable: Perhaps nothing of the batch is stored.
        """
        outcomes = self._runner.run(
            self._connection.run(lambda connection: _insert(connection, batch, received_at))
        )
        self._tail += outcomes.count(AddOutcome.CREATED)
        if self._tail >= LONG_TAIL:
            self._tail = 0
            self.finish()
        return outcomes

    def finish(self) -> None:
        """Fold what is new, unless a server is about it.

        Raises:
            StorageUnavailable: The messages are stored, but answers will be slow for a while.
        """
        self._runner.run(self._follower.fold_all())


@contextmanager
def open_importer(conninfo: str) -> Iterator[PostgresImporter]:
    """Open a database to import into.

    Args:
        conninfo: See `lyftr_postgres.connection.url.parse_database_url`. Its tables are made if it
            has none.

    Raises:
        StorageUnavailable: The database cannot be written.
        SchemaMismatch: It has another schema than this version uses.
    """
    prepare(conninfo)
    with asyncio.Runner() as runner:
        connection = WritingConnection(opener(conninfo))
        try:
            yield PostgresImporter(connection, runner)
        finally:
            runner.run(connection.close())


async def _insert(
    connection: AsyncConnection[Any], batch: Sequence[Record], received_at: datetime
) -> list[AddOutcome]:
    rows = [to_row(record.message, record.received_at or received_at) for record in batch]
    if max(record.kept_seq or 0 for record in batch) > await _last_seq(connection):
        return await _insert_in_place(connection, batch, rows)
    return await insert_batch(connection, rows)


async def _insert_in_place(
    connection: AsyncConnection[Any], batch: Sequence[Record], rows: Sequence[Row]
) -> list[AddOutcome]:
    """Add rows with the `seq` of their records, where the log has not come so far.

    Nobody adds to the log meanwhile, and whoever does next comes behind: so no reader who follows
    it can have gone past these.
    """
    await connection.execute(BEGIN)
    await connection.execute(f"SELECT {DURABLY}")
    await connection.execute("LOCK TABLE messages IN EXCLUSIVE MODE")
    kept = await find_known(connection, {row.message_id for row in rows})
    placed = place(batch, rows, kept, await _last_seq(connection))
    await connection.execute(_ADD, [msgspec.json.encode(placed.new).decode()])
    await connection.execute(RAISE_BASE)
    if AddOutcome.CONFLICT in placed.outcomes:
        await record_conflicts(connection, conflicting(rows, placed.outcomes, kept))
    await connection.execute("COMMIT")
    return placed.outcomes


async def _last_seq(connection: AsyncConnection[Any]) -> int:
    ((last,),) = await (await connection.execute(_LAST_SEQ)).fetchall()
    return int(last)
