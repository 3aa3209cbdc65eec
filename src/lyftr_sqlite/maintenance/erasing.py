"""Emptying rows of the log, and taking them out of every projection, in one transaction."""

from collections.abc import Iterator, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_sql.time_buckets import DAY, HOUR, MINUTE
from lyftr_sqlite.connection.engines import HASH_FUNCTION, driver_of

__all__ = ["MARK", "erase"]

MARK = "user_version"
"""The number in the file's header that is not 0 while something may be left of removed messages;
each removal sets another one (https://www.sqlite.org/pragma.html#pragma_user_version)."""


_CHOSEN = "CREATE TEMP TABLE IF NOT EXISTS going (seq INTEGER PRIMARY KEY, hash INTEGER NOT NULL)"
# SQLite is told where to begin, or it might walk through the whole log.
_GOING = "FROM temp.going CROSS JOIN messages USING (seq)"
_HASH = f"""{HASH_FUNCTION}(CAST(message_id AS BLOB), CAST(sender AS BLOB),
    CAST(recipient AS BLOB), ts, CAST(text AS BLOB))"""
_BLANK = """UPDATE messages SET sender = '', recipient = '', ts = 0, text = NULL,
    received_at = 0, folded = NULL,
    content_hash = (SELECT hash FROM temp.going WHERE going.seq = messages.seq)
    WHERE seq IN (SELECT seq FROM temp.going)"""
_MINUTE = f"ts - ((ts % {MINUTE}) + {MINUTE}) % {MINUTE}"
_MOST_MARKS = 2**31 - 1
_PAGES_A_MESSAGE = 1 / 8
"""How much of the search index is merged for each message: else its parts would become so many
that it merges them all at once."""


async def erase(connection: AsyncConnection, seqs: Sequence[int]) -> int:
    """Remove messages, in one durable transaction.

    Args:
        connection: The writer's, in autocommit mode, with no transaction open.
        seqs: Which, ascending; at least one. Those that are removed already are left out.

    Returns:
        How many were removed.
    """
    driver = await driver_of(connection)
    await driver.executescript(";\n".join(_statements(seqs)))  # one hop, as for a fold
    ((removed,),) = await driver.execute_fetchall("SELECT count(*) FROM temp.going")
    return int(removed)


def _statements(seqs: Sequence[int]) -> Iterator[str]:
    listed = ",".join(map(str, seqs))
    yield _CHOSEN
    yield "BEGIN IMMEDIATE"
    yield "DELETE FROM temp.going"
    yield f"""INSERT INTO temp.going SELECT seq, {_HASH} FROM messages
        WHERE seq IN ({listed}) AND content_hash IS NULL"""
    yield from _take_out_of_lists()
    yield from _take_out_of_counts()
    yield from _take_out_of_search(len(seqs))
    yield _BLANK
    yield f"PRAGMA {MARK} = {seqs[-1] % _MOST_MARKS + 1}"
    yield "COMMIT"


def _take_out_of_lists() -> Iterator[str]:
    """What a list does not hold yet is not in it, and nothing is deleted for it.

    In this order of the columns SQLite looks each row up by its whole key.
    """
    yield f"""DELETE FROM messages_by_ts
        WHERE (message_id, ts) IN (SELECT message_id, ts {_GOING})"""
    for key in ("sender", "recipient"):
        yield f"""DELETE FROM messages_by_{key}
            WHERE ({key}, ts, seq) IN (SELECT CAST({key} AS INTEGER), ts, seq {_GOING})"""


def _take_out_of_counts() -> Iterator[str]:
    counted = f"{_GOING} WHERE seq <= {_through('counts')}"
    yield f"""UPDATE totals SET value = value - (SELECT count(*) {counted})
        WHERE name = 'messages'"""
    for key in ("sender", "recipient"):
        yield f"""UPDATE counts_by_{key} SET messages = messages - gone.count
            FROM (SELECT {key} AS number, count(*) AS count {counted} GROUP BY {key}) AS gone
            WHERE {key} = gone.number"""
    gone = f"DELETE FROM counts_by_{{0}} WHERE messages = 0 AND {{0}} IN (SELECT {{0}} {counted})"
    zeros = f"messages = 0 AND sender IN (SELECT sender {counted})"
    yield f"""UPDATE totals SET value = value - (SELECT count(*) FROM counts_by_sender
        WHERE {zeros}) WHERE name = 'senders'"""
    yield from (gone.format(key) for key in ("sender", "recipient"))
    yield f"""UPDATE counts_by_time SET messages = messages - gone.count
        FROM (SELECT width, minute - ((minute % width) + width) % width AS start,
                sum(count) AS count
            FROM (SELECT {_MINUTE} AS minute, count(*) AS count {counted} GROUP BY minute),
                (SELECT value AS width FROM json_each('[{MINUTE}, {HOUR}, {DAY}]'))
            GROUP BY 1, 2) AS gone
        WHERE counts_by_time.width = gone.width AND counts_by_time.start = gone.start"""
    yield f"""DELETE FROM counts_by_time WHERE messages = 0 AND (width, start) IN
        (SELECT width, ts - ((ts % width) + width) % width
            FROM (SELECT ts {counted}),
                (SELECT value AS width FROM json_each('[{MINUTE}, {HOUR}, {DAY}]')))"""


def _take_out_of_search(count: int) -> Iterator[str]:
    """An index without content is told what it holds (https://www.sqlite.org/fts5.html, 6.3)."""
    yield f"""INSERT INTO search (search, rowid, text)
        SELECT 'delete', seq, coalesce(folded, lower(text)) {_GOING}
        WHERE seq <= {_through("search")}"""
    pages = max(1, round(count * _PAGES_A_MESSAGE))
    yield f"INSERT INTO search (search, rank) VALUES ('merge', {pages})"


def _through(projection: str) -> str:
    return f"(SELECT through_seq FROM projections WHERE name = '{projection}')"
