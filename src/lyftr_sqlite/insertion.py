"""The one statement that stores a batch, and what the table holds after it.

Last stage of a webhook's way. The statement runs outside any other transaction, so SQLite makes
it one of its own: when it returns, all its rows are committed, or none is.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from heapq import nlargest
from itertools import chain, repeat

import msgspec
from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_core.message import AddOutcome
from lyftr_sql.batch import CONTENT, Kept, Row, RowVanished, conflicting, tell_outcomes
from lyftr_sqlite.conflicts import record_conflicts
from lyftr_sqlite.driver import driver_of
from lyftr_sqlite.schema import messages

__all__ = ["LARGEST_BATCH", "find_kept", "insert_batch"]

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
