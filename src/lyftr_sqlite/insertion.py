"""The one statement that stores a whole batch, and how each of its messages fared.

Last stage of a webhook's way. The statement runs outside any other transaction, so SQLite makes
it one of its own: when it returns, all its rows are committed, or none is.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import bindparam, func, literal_column, select, true
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_core.message import AddOutcome, Message
from lyftr_sqlite.rows import COLUMNS, to_row, to_stored
from lyftr_sqlite.schema import messages

__all__ = ["insert_batch"]

_item = func.json_each(bindparam("batch")).table_valued("value").alias("item")

# A JSON array as the one parameter: whatever the size of the batch, the statement stays the same,
# is prepared once, and runs without the interpreter's lock.
_INSERT = (
    insert(messages)
    .from_select(
        COLUMNS,
        select(
            *(
                func.json_extract(_item.c.value, literal_column(f"'$[{i}]'"))
                for i in range(len(COLUMNS))
            )
        ).where(true()),
    )
    .on_conflict_do_nothing(index_elements=["message_id"])
    .returning(messages.c.message_id)
)
_KNOWN = select(messages).where(messages.c.message_id.in_(select(_item.c.value)))


async def insert_batch(
    connection: AsyncConnection, batch: Sequence[tuple[Message, datetime]]
) -> list[AddOutcome]:
    """Store every message of the batch whose identifier is new, in one durable transaction.

    Args:
        connection: In autocommit mode, with no transaction open.
        batch: Messages, each with its time of receipt. An identifier may come more than once.

    Returns:
        What became of each message, in the order of the batch.
    """
    rows = [to_row(message, received_at) for message, received_at in batch]
    created = set((await connection.execute(_INSERT, {"batch": _json(rows)})).scalars())
    others = {m.message_id for m, _ in batch if m.message_id not in created}
    kept = await _known(connection, others) if others else {}
    return [_outcome(message, created, kept) for message, _ in batch]


async def _known(connection: AsyncConnection, message_ids: set[str]) -> dict[str, Message]:
    found = await connection.execute(_KNOWN, {"batch": _json(message_ids)})
    return {row.message_id: to_stored(row).message for row in found}


def _outcome(message: Message, created: set[str], kept: dict[str, Message]) -> AddOutcome:
    """Take the batch in its order: the first message of a new identifier is the created one."""
    if message.message_id in created:
        created.remove(message.message_id)
        kept[message.message_id] = message
        return AddOutcome.CREATED
    if message == kept[message.message_id]:
        return AddOutcome.DUPLICATE
    return AddOutcome.CONFLICT


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
