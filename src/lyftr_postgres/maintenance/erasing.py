"""Emptying rows of the log, and taking them out of the counts, in one durable transaction."""

from collections.abc import Sequence
from typing import Any

import msgspec
from psycopg import AsyncConnection

from lyftr_postgres.connection.durability import COUNTING, DURABLY
from lyftr_postgres.connection.settings import BEGIN
from lyftr_postgres.projections.folding import THROUGH, start_of
from lyftr_sql.rows import hash_of
from lyftr_sql.time_buckets import DAY, HOUR, MINUTE

__all__ = ["erase"]

_GOING = """SELECT message_id, sender, recipient, ts, text, seq FROM messages
    WHERE seq = ANY(%s) AND content_hash IS NULL FOR UPDATE"""
_EMPTY = """UPDATE messages SET sender = '', recipient = '', ts = 0, text = NULL,
        received_at = 0, folded = NULL, content_hash = gone.hash
    FROM (SELECT field->>0 AS message_id, (field->>1)::bigint AS hash
          FROM json_array_elements(%s::json) AS listed (field)) AS gone
    WHERE messages.message_id = gone.message_id"""

# Those that were counted: sender, recipient and time of each.
_COUNTED = """WITH gone AS (
        SELECT field->>0 AS sender, field->>1 AS recipient, (field->>2)::bigint AS ts
        FROM json_array_elements(%s::json) AS listed (field))"""
_COUNTS = (
    f"""{_COUNTED} UPDATE totals SET value = value - (SELECT count(*) FROM gone)
        WHERE name = 'messages'""",
    *(
        f"""{_COUNTED} UPDATE counts_by_{number} SET messages = messages - fewer.count
            FROM (SELECT {number}, count(*) AS count FROM gone GROUP BY 1) AS fewer
            WHERE counts_by_{number}.{number} = fewer.{number}"""
        for number in ("sender", "recipient")
    ),
    f"""{_COUNTED}, silent AS (
            DELETE FROM counts_by_sender WHERE messages = 0
                AND sender IN (SELECT sender FROM gone) RETURNING sender)
        UPDATE totals SET value = value - (SELECT count(*) FROM silent) WHERE name = 'senders'""",
    f"""{_COUNTED} DELETE FROM counts_by_recipient WHERE messages = 0
        AND recipient IN (SELECT recipient FROM gone)""",
    f"""{_COUNTED} UPDATE counts_by_time SET messages = messages - fewer.count
        FROM (SELECT width, {start_of("ts", "width")} AS start, count(*) AS count
              FROM gone, (VALUES ({MINUTE}::bigint), ({HOUR}), ({DAY})) AS widths (width)
              GROUP BY 1, 2) AS fewer
        WHERE counts_by_time.width = fewer.width AND counts_by_time.start = fewer.start""",
    f"""{_COUNTED} DELETE FROM counts_by_time WHERE messages = 0 AND (width, start) IN
        (SELECT width, {start_of("ts", "width")}
         FROM gone, (VALUES ({MINUTE}::bigint), ({HOUR}), ({DAY})) AS widths (width))""",
)


async def erase(connection: AsyncConnection[Any], seqs: Sequence[int]) -> int:
    """Remove messages, in one durable transaction.

    Args:
        connection: In autocommit mode, with no transaction open. After a failure it is to be
            closed.
        seqs: Which; at least one. Those that are removed already are left out.

    Returns:
        How many were removed.
    """
    await connection.execute(BEGIN)
    await connection.execute(f"SELECT {DURABLY}")
    # Whoever folds has finished, and begins again after the commit.
    await connection.execute("SELECT pg_advisory_xact_lock(%s)", [COUNTING])
    going = await (await connection.execute(_GOING, [list(seqs)])).fetchall()
    hashes = [(row[0], hash_of(*row[:5])) for row in going]
    await connection.execute(_EMPTY, [_json(hashes)])
    through = await (await connection.execute(f"SELECT {THROUGH}")).fetchone()
    counted = [(row[1], row[2], row[3]) for row in going if through and row[5] <= through[0]]
    if counted:
        for statement in _COUNTS:
            await connection.execute(statement, [_json(counted)])
    await connection.execute("COMMIT")
    return len(going)


def _json(rows: Sequence[tuple[Any, ...]]) -> str:
    return msgspec.json.encode(rows).decode()
