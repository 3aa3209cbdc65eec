"""The rows of a batch, the one statement that stores them, and how each of them fared.

Last stage of a webhook's way. The statement runs outside any other transaction, so SQLite makes
it one of its own: when it returns, all its rows are committed, or none is.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, cast

import aiosqlite
import msgspec
from sqlalchemy import bindparam, func, literal_column, select, true
from sqlalchemy.dialects.sqlite import dialect, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_core.errors import StorageUnavailable
from lyftr_core.message import AddOutcome, Message
from lyftr_core.timestamps import to_microseconds
from lyftr_sqlite.case_folding import fold_beyond_ascii
from lyftr_sqlite.schema import messages

__all__ = ["Row", "insert_batch", "to_row"]


class Row(NamedTuple):
    """The columns that the writer fills, in the order in which it gives them."""

    message_id: str
    sender: str
    recipient: str
    ts: int
    text: str | None
    received_at: int
    folded: str | None

    @property
    def content(self) -> tuple[object, ...]:
        """What tells a duplicate from a conflict: the message itself."""
        return self[:_CONTENT]


_CONTENT = Row._fields.index("received_at")


def to_row(message: Message, received_at: datetime) -> Row:
    """Return the row of a message."""
    return Row(
        message.message_id,
        message.sender,
        message.recipient,
        to_microseconds(message.ts),
        message.text,
        to_microseconds(received_at),
        None if message.text is None else fold_beyond_ascii(message.text),
    )


_Contents = dict[str, tuple[object, ...]]

_item = func.json_each(bindparam("batch")).table_valued("value").alias("item")

# A JSON array as the one parameter: whatever the size of the batch, the statement stays the same,
# is prepared once, and runs without the interpreter's lock.
_INSERT = (
    insert(messages)
    .from_select(
        Row._fields,
        select(
            *(
                func.json_extract(_item.c.value, literal_column(f"'$[{i}]'"))
                for i in range(len(Row._fields))
            )
        ).where(true()),
    )
    .on_conflict_do_nothing(index_elements=["message_id"])
    .returning(messages.c.message_id)
)
_INSERT_SQL = str(_INSERT.compile(dialect=dialect()))
_KNOWN = select(*(messages.c[name] for name in Row._fields[:_CONTENT])).where(
    messages.c.message_id.in_(select(_item.c.value))
)


async def insert_batch(connection: AsyncConnection, batch: Sequence[Row]) -> list[AddOutcome]:
    """Store every row of the batch whose identifier is new, in one durable transaction.

    Args:
        connection: In autocommit mode, with no transaction open.
        batch: An identifier may come more than once.

    Returns:
        What became of each row, in the order of the batch.
    """
    raw = await connection.get_raw_connection()
    driver = cast("aiosqlite.Connection", raw.driver_connection)
    # Straight to the driver: one hop to its thread where SQLAlchemy makes four.
    created = {row[0] for row in await driver.execute_fetchall(_INSERT_SQL, [_json(batch)])}
    others = {row.message_id for row in batch} - created
    kept = await _known(connection, others) if others else {}
    return [_outcome(row, created, kept) for row in batch]


async def _known(connection: AsyncConnection, message_ids: set[str]) -> _Contents:
    found = await connection.execute(_KNOWN, {"batch": _json(message_ids)})
    return {row.message_id: tuple(row) for row in found}


def _outcome(row: Row, created: set[str], kept: _Contents) -> AddOutcome:
    """Take the batch in its order: the first row of a new identifier is the created one."""
    if row.message_id in created:
        created.remove(row.message_id)
        kept[row.message_id] = row.content
        return AddOutcome.CREATED
    if row.message_id not in kept:
        raise StorageUnavailable("a row vanished while it was compared")
    return AddOutcome.DUPLICATE if kept[row.message_id] == row.content else AddOutcome.CONFLICT


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
