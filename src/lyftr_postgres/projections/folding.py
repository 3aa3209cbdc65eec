"""Folding the log into the counts: one transaction at a time, of one server at a time.

Nobody who adds a message touches a count, so a busy sender is no row that writers wait for. What
is not folded yet, readers count in the log itself.
"""

from typing import Any

from psycopg import AsyncConnection

from lyftr_postgres.connection.durability import COUNTING
from lyftr_postgres.connection.log_order import find_horizon
from lyftr_postgres.connection.settings import BEGIN
from lyftr_sql.time_buckets import DAY, HOUR, MINUTE

__all__ = ["COUNTS", "THROUGH", "fold", "start_of"]

COUNTS = "counts"
"""The name of the projection."""
THROUGH = f"(SELECT through_seq FROM projections WHERE name = '{COUNTS}')"
"""Up to where the log is folded."""
_RUN = "FROM messages WHERE content_hash IS NULL AND seq > {low} AND seq <= {high}"
# A fold that is lost in a crash is done again; so nobody waits for the disk.
_BEGIN = f"{BEGIN}; SET LOCAL synchronous_commit = off"


def start_of(moment: str, width: str) -> str:
    """Return the expression for the beginning of the bucket of a moment, before 1970 too."""
    return f"({moment} - mod(mod({moment}, {width}) + {width}, {width}))"


_STATEMENTS = (
    f"UPDATE totals SET value = value + (SELECT count(*) {_RUN}) WHERE name = 'messages'",
    f"""UPDATE totals SET value = value +
            (SELECT count(DISTINCT sender) {_RUN}
             AND NOT EXISTS (SELECT FROM counts_by_sender AS known
                             WHERE known.sender = messages.sender))
        WHERE name = 'senders'""",
    *(
        f"""INSERT INTO counts_by_{number} ({number}, messages)
            SELECT {number}, count(*) {_RUN} GROUP BY {number}
            ON CONFLICT ({number}) DO UPDATE
            SET messages = counts_by_{number}.messages + excluded.messages"""
        for number in ("sender", "recipient")
    ),
    f"""INSERT INTO counts_by_time (width, start, messages)
        SELECT width, {start_of("minute", "width")} AS start, sum(count)
        FROM (SELECT {start_of("ts", str(MINUTE))} AS minute, count(*) AS count
              {_RUN} GROUP BY minute) AS minutes,
            (VALUES ({MINUTE}::bigint), ({HOUR}), ({DAY})) AS widths (width)
        GROUP BY width, start
        ON CONFLICT (width, start) DO UPDATE
        SET messages = counts_by_time.messages + excluded.messages""",
    f"UPDATE projections SET through_seq = {{high}} WHERE name = '{COUNTS}'",
)


async def fold(connection: AsyncConnection[Any], limit: int) -> bool:
    """Fold the next run of the log, unless another server is about it.

    Args:
        connection: In autocommit mode, with no transaction open. After a failure it is to be
            closed.
        limit: At most how many messages.

    Returns:
        Whether there may be more.
    """
    horizon = await find_horizon(connection)
    await connection.execute(_BEGIN)
    has_more = await _fold_below(horizon, connection, limit)
    await connection.execute("COMMIT")
    return has_more


async def _fold_below(horizon: int, connection: AsyncConnection[Any], limit: int) -> bool:
    alone = await _ask(connection, f"SELECT pg_try_advisory_xact_lock({COUNTING})")
    if not alone:
        return False
    low = await _ask(connection, f"SELECT {THROUGH}")
    run = f"""SELECT seq FROM messages WHERE seq > {low} AND seq < {horizon}
        ORDER BY seq LIMIT {limit}"""
    (high, count) = await _row(connection, f"SELECT max(seq), count(*) FROM ({run}) AS run")
    if high is None:
        return False
    for statement in _STATEMENTS:
        await connection.execute(statement.format(low=low, high=high))
    return int(count) == limit


async def _ask(connection: AsyncConnection[Any], query: str) -> int:
    return int((await _row(connection, query))[0])


async def _row(connection: AsyncConnection[Any], query: str) -> tuple[Any, ...]:
    rows: list[tuple[Any, ...]] = await (await connection.execute(query)).fetchall()
    return rows[0]
