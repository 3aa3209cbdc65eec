"""Group commit over the one connection that writes to the file."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from heapq import nlargest
from itertools import chain, repeat

import msgspec
from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_core.database import Commit
from lyftr_core.message import AddOutcome
from lyftr_sql.conflicts import ConflictingDelivery
from lyftr_sql.group_commit import MAX_BATCH, MAX_WAITING, GroupCommitWriter
from lyftr_sql.rows import CONTENT, Kept, Row, RowVanished, conflicting, tell_outcomes
from lyftr_sqlite.connection import failures
from lyftr_sqlite.connection.engines import driver_of
from lyftr_sqlite.connection.writing import WritingConnection
from lyftr_sqlite.schema.tables import messages

__all__ = ["LARGEST_BATCH", "SqliteMessageWriter", "find_kept", "insert_batch", "record_conflicts"]

# For a batch of any size; a row of the batch may meet one that the same statement made.
_RECORD = """INSERT INTO conflicts
        (message_id, fields, first_received_at, last_received_at, deliveries)
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'),
        json_extract(value, '$[2]'), json_extract(value, '$[2]'), 1
    FROM json_each(?) WHERE true
    ON CONFLICT (message_id, fields) DO UPDATE SET
        first_received_at = min(first_received_at, excluded.first_received_at),
        last_received_at = max(last_received_at, excluded.last_received_at),
        deliveries = deliveries + 1"""


async def record_conflicts(
    connection: AsyncConnection, deliveries: Iterable[ConflictingDelivery]
) -> None:
    """Record deliveries, in one durable transaction.

    Args:
        connection: In autocommit mode, with no transaction open.
        deliveries: At least one.
    """
    driver = await driver_of(connection)
    await driver.execute(_RECORD, [msgspec.json.encode(list(deliveries)).decode()])


LARGEST_BATCH = 4_096
"""The largest power of two whose rows are one statement: SQLite takes 32,766 values in one
(https://www.sqlite.org/limits.html, "Maximum Number Of Host Parameters")."""


_KNOWN = select(
    messages.c.seq, messages.c.content_hash, *(messages.c[name] for name in CONTENT)
).where(
    messages.c.message_id.in_(
        select(func.json_each(bindparam("ids")).table_valued("value").c.value)
    )
)


async def insert_batch(connection: AsyncConnection, batch: Sequence[Row]) -> list[AddOutcome]:
    """Store every row of the batch whose identifier is new, in one durable transaction.

    Where there are conflicts among the others, a second one records them.

    Args:
        connection: In autocommit mode, with no transaction open.
        batch: At least one row, at most `LARGEST_BATCH`. An identifier may come more than once.

    Returns:
        What became of each row, in the order of the batch.
    """
    driver = await driver_of(connection)
    done = await driver.execute(*_insert(batch))  # one hop, where SQLAlchemy makes four
    if done.rowcount == len(batch):
        return [AddOutcome.CREATED] * len(batch)
    message_ids = {row.message_id for row in batch}
    kept = await find_kept(connection, message_ids)
    if len(kept) < len(message_ids):
        raise RowVanished
    created = _newest(kept, done.rowcount)
    outcomes = tell_outcomes(batch, created, kept)
    if AddOutcome.CONFLICT in outcomes:
        await record_conflicts(connection, conflicting(batch, outcomes, kept))
    return outcomes


def _insert(batch: Sequence[Row]) -> tuple[str, list[object]]:
    """Return one statement for the whole batch, which runs without the interpreter's lock.

    There is one for each power of two, so that each is prepared once; what a batch leaves empty
    of it is NULL.
    """
    slots = 1 << (len(batch) - 1).bit_length()
    empty = (slots - len(batch)) * len(Row._fields)
    return _insert_sql(slots), [*chain.from_iterable(batch), *repeat(None, empty)]


@cache
def _insert_sql(slots: int) -> str:
    columns = ", ".join(Row._fields)
    slot = f"({', '.join('?' * len(Row._fields))})"
    return f"""INSERT INTO messages ({columns})
        SELECT * FROM (VALUES {", ".join([slot] * slots)}) WHERE column1 IS NOT NULL
        ON CONFLICT (message_id) DO NOTHING"""


async def find_kept(connection: AsyncConnection, message_ids: set[str]) -> dict[str, Kept]:
    """Return what the table holds under some identifiers."""
    found = await connection.execute(_KNOWN, {"ids": msgspec.json.encode(message_ids).decode()})
    return {row.message_id: Kept(row.seq, row.content_hash, tuple(row)[2:]) for row in found}


def _newest(kept: Mapping[str, Kept], count: int) -> set[str]:
    """Return the identifiers of the rows that the batch itself made, which are so many.

    Each has a higher `seq` than any row that was there before; and under the identifiers of the
    batch none can have come after.
    """
    return set(nlargest(count, kept, key=lambda message_id: kept[message_id].seq))


class SqliteMessageWriter(GroupCommitWriter):
    """The `MessageWriter` port over SQLite. It is used in one event loop.

    Args:
        connection: Others may take turns on it.
        on_commit: Told after each commit.
        max_batch: At most how many messages share one commit; up to 4,096.
        max_waiting: At most how many messages wait for their commit.

    Raises:
        ValueError: The batches are larger than one statement can be.
    """

    def __init__(
        self,
        connection: WritingConnection,
        *,
        on_commit: Callable[[Commit], None] = lambda _commit: None,
        max_batch: int = MAX_BATCH,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        if max_batch > LARGEST_BATCH:
            raise ValueError(f"at most {LARGEST_BATCH} messages can share one commit")
        super().__init__(
            _OneConnection(connection),
            on_commit=on_commit,
            max_batch=max_batch,
            max_waiting=max_waiting,
        )


class _OneConnection:
    """Commits each batch by one statement; see `lyftr_sql.group_commit.BatchStore`."""

    def __init__(self, connection: WritingConnection) -> None:
        self._connection = connection

    async def insert(self, batch: Sequence[Row]) -> list[AddOutcome]:
        async with self._connection.open() as connection:
            return await insert_batch(connection, batch)

    async def check(self) -> None:
        await self._connection.check()

    async def close(self) -> None:
        await self._connection.close()

    def holds_up_others(self, failure: Exception) -> bool:
        """Tell whether another held the lock, for which each batch would wait as long again."""
        return failures.is_busy(failure)

    def reason(self, failure: Exception) -> str:
        return failures.reason(failure)
