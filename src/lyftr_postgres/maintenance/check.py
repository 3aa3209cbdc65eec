"""Whether a database is what it should be: messages, conflicts, and what follows the log.

The files are PostgreSQL's own, and looked at by pg_amcheck and by checksums of pages.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, LiteralString

import psycopg
from psycopg import Connection
from psycopg.rows import dict_row

from lyftr_core.timestamps import to_microseconds
from lyftr_postgres.connection.connecting import connect_now
from lyftr_postgres.connection.failures import as_storage_unavailable, reason
from lyftr_postgres.connection.settings import LOCALLY
from lyftr_postgres.connection.url import describe
from lyftr_postgres.projections.folding import COUNTS, THROUGH, start_of
from lyftr_postgres.schema.migrate import require_readable
from lyftr_postgres.schema.tables import SEARCH_INDEX
from lyftr_sql.checking import COUNT_TOO_HIGH, FIELD_LISTS, Finding, faults_of_row, too_high
from lyftr_sql.time_buckets import DAY, HOUR, MINUTE

__all__ = ["check"]

_AT_ONCE = 4_000
_LOG = f"FROM messages WHERE content_hash IS NULL AND seq <= {THROUGH}"
_LOG_BY_WIDTH = f"""FROM messages,
        (VALUES ({MINUTE}::bigint), ({HOUR}), ({DAY})) AS widths (width)
    WHERE content_hash IS NULL AND seq <= {THROUGH} GROUP BY 1, 2"""
_FIRST = to_microseconds(datetime.min.replace(tzinfo=UTC))
_LAST = to_microseconds(datetime.max.replace(tzinfo=UTC))
_MOMENT = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {LOCALLY}"
_INVALID = """SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid
    AND indrelid IN (SELECT to_regclass(name) FROM unnest(%s::text[]) AS listed (name))"""
_TABLES = [
    *("messages", "conflicts", "log_base", "projections", "totals"),
    *("counts_by_sender", "counts_by_recipient", "counts_by_time"),
]
_LACKS_INDEX = """SELECT to_regclass(%s) IS NULL
    AND EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm')"""
_TWICE = "SELECT count(*) FROM (SELECT seq FROM messages GROUP BY seq HAVING count(*) > 1) AS twice"
_FAULTS_OF_CONFLICTS = {
    "have no message": "NOT EXISTS (SELECT FROM messages m WHERE m.message_id = c.message_id)",
    "do not name the fields that differ": """NOT fields = ANY(%(fields)s) AND NOT (
        fields = '' AND EXISTS (SELECT FROM messages m
            WHERE m.message_id = c.message_id AND m.content_hash IS NOT NULL))""",
    "have times that cannot be": f"""first_received_at > last_received_at
        OR first_received_at < {_FIRST} OR last_received_at > {_LAST}""",
    "count no delivery": "deliveries < 1",
}
_Check = Callable[[Connection[Any]], Iterator[str]]


def check(conninfo: str) -> Iterator[Finding]:
    """Check a database, one subject after another. It changes nothing; servers may run.

    Args:
        conninfo: See `lyftr_postgres.connection.url.parse_database_url`.

    Raises:
        StorageUnavailable: It cannot be read.
        SchemaMismatch: It has another schema than this version uses.
    """
    require_readable(conninfo)
    name = describe(conninfo)
    with (
        as_storage_unavailable(f"cannot check {name}"),
        connect_now(conninfo) as connection,
    ):
        for subject, look in _CHECKS.items():
            yield Finding(subject, tuple(_faults_at_one_moment(connection, look)))


def _faults_at_one_moment(connection: Connection[Any], look: _Check) -> Iterator[str]:
    """Look within one transaction, so that what follows the log is compared with what it follows.

    What cannot be read is a fault too, and no reason to look at nothing else.
    """
    connection.execute(_MOMENT)
    try:
        yield from look(connection)
    except psycopg.Error as exc:
        if connection.closed:
            raise
        yield f"cannot be read: {reason(exc)}"
    finally:
        if not connection.closed:
            connection.rollback()


def _check_indexes(connection: Connection[Any]) -> Iterator[str]:
    for (name,) in connection.execute(_INVALID, [_TABLES]):
        yield f"{name} is not valid: making it was interrupted"


def _check_messages(connection: Connection[Any]) -> Iterator[str]:
    with connection.cursor("lyftr_check", row_factory=dict_row) as cursor:
        cursor.itersize = _AT_ONCE
        for row in cursor.execute("SELECT * FROM messages"):
            yield from faults_of_row(SimpleNamespace(**row))


def _check_seq(connection: Connection[Any]) -> Iterator[str]:
    if twice := _number(connection, _TWICE):
        yield f"{twice} values of seq are there more than once"
    yield from too_high(_number(connection, COUNT_TOO_HIGH))


def _check_conflicts(connection: Connection[Any]) -> Iterator[str]:
    for fault, condition in _FAULTS_OF_CONFLICTS.items():
        query = f"SELECT count(*) FROM conflicts c WHERE {condition}"
        if count := _number(connection, query, fields=list(FIELD_LISTS)):
            yield f"{count} entries {fault}"


def _check_watermark(connection: Connection[Any]) -> Iterator[str]:
    last = _number(connection, "SELECT coalesce(max(seq), 0) FROM messages")
    found = connection.execute("SELECT name, through_seq FROM projections").fetchall()
    through = dict(found).get(COUNTS)
    if through is None:
        yield f"{COUNTS} has none"
    elif not 0 <= through <= last:
        yield f"{COUNTS} is at {through}, the log at {last}"


def _check_counts(kept: str, counted: str) -> _Check:
    """Compare counts that are kept with those of the log, as sets of rows."""
    difference = "SELECT count(*) FROM (({}) EXCEPT ({})) AS difference"

    def look(connection: Connection[Any]) -> Iterator[str]:
        if lacks := _number(connection, difference.format(counted, kept)):
            yield f"{lacks} entries are missing"
        if surplus := _number(connection, difference.format(kept, counted)):
            yield f"{surplus} entries are too many"

    return look


def _check_search(connection: Connection[Any]) -> Iterator[str]:
    if _number(connection, _LACKS_INDEX.replace("%s", f"'{SEARCH_INDEX}'")):
        yield "there is no index, though pg_trgm is there: lyftr migrate makes it"


def _number(connection: Connection[Any], query: str, **values: object) -> int:
    ((found,),) = connection.execute(query.encode(), values or None).fetchall()
    return int(found)


_CHECKS: Mapping[LiteralString, _Check] = {
    "messages": _check_messages,
    "seq": _check_seq,
    "conflicts": _check_conflicts,
    "watermark": _check_watermark,
    "totals": _check_counts(
        "SELECT name, value FROM totals",
        f"SELECT 'messages', count(*) {_LOG}"
        f" UNION ALL SELECT 'senders', count(DISTINCT sender) {_LOG}",
    ),
    "counts_by_sender": _check_counts(
        "SELECT sender, messages FROM counts_by_sender",
        f"SELECT sender, count(*) {_LOG} GROUP BY sender",
    ),
    "counts_by_recipient": _check_counts(
        "SELECT recipient, messages FROM counts_by_recipient",
        f"SELECT recipient, count(*) {_LOG} GROUP BY recipient",
    ),
    "counts_by_time": _check_counts(
        "SELECT width, start, messages FROM counts_by_time",
        f"SELECT width, {start_of('ts', 'width')} AS start, count(*) {_LOG_BY_WIDTH}",
    ),
    "search": _check_search,
    "indexes": _check_indexes,
}
