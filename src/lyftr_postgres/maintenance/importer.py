"""Taking in messages from elsewhere, beside the servers, each transaction a short one."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
from lyftr_sql.importing import SqlImporter, place
from lyftr_sql.rows import Row, conflicting

__all__ = ["PostgresImporter", "open_importer"]

_LAST_SEQ = "SELECT coalesce(max(seq), 0) FROM messages"
_ADD = """INSERT INTO messages
        (seq, message_id, sender, recipient, ts, text, received_at, folded)
    SELECT (field->>0)::bigint, field->>1, field->>2, field->>3, (field->>4)::bigint, field->>5,
        (field->>6)::bigint, field->>7
    FROM json_array_elements(%s::json) AS listed (field)"""


class PostgresImporter(SqlImporter):
    """Adds to the log of a PostgreSQL database; see `open_importer`."""

    def __init__(self, connection: WritingConnection, runner: asyncio.Runner) -> None:
        super().__init__(runner, LONG_TAIL)
        self._connection = connection
        self._follower = Follower(connection)

    async def _insert(self, batch: Sequence[Record], rows: Sequence[Row]) -> list[AddOutcome]:
        return await self._connection.run(lambda connection: _insert(connection, batch, rows))

    async def _fold(self) -> None:
        await self._follower.fold_all()


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
    connection: AsyncConnection[Any], batch: Sequence[Record], rows: Sequence[Row]
) -> list[AddOutcome]:
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
