"""Whether a database is what it should be: the file, messages, conflicts, what follows the log."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

from lyftr_core.timestamps import to_microseconds
from lyftr_sql.checking import COUNT_TOO_HIGH, FIELD_LISTS, Finding, faults_of_row, too_high
from lyftr_sql.time_buckets import DAY, HOUR, MINUTE
from lyftr_sqlite.connection.read_access import open_to_read
from lyftr_sqlite.projections.projections import PROJECTIONS
from lyftr_sqlite.schema.revision import require_head

__all__ = ["Finding", "check"]

# Words are found through an index of their own, which a walk over all of them does not use.
_NOT_FOUND = """SELECT count(*) FROM temp.fresh_counts WHERE texts <>
    (SELECT count(*) FROM search WHERE search MATCH '"' || replace(term, '"', '""') || '"')"""
_LOG = "FROM messages WHERE content_hash IS NULL AND seq <= :through"
_DIFFERENCE = "SELECT count(*) FROM (SELECT * FROM ({}) EXCEPT SELECT * FROM ({}))"
_Check = Callable[[sqlite3.Connection], Iterator[str]]


def check(path: Path) -> Iterator[Finding]:
    """Check a database, one subject after another. It changes nothing; a server may run.

    Args:
        path: The file.

    Raises:
        StorageUnavailable: It cannot be read.
        SchemaMismatch: It has another schema than this version uses.
    """
    with open_to_read(path, "check") as database:
        database.row_factory = sqlite3.Row
        # What is no UTF-8 is then no valid message, and named as such.
        database.text_factory = lambda raw: raw.decode(errors="surrogateescape")
        require_head(database, path)
        for subject, look in _CHECKS.items():
            yield Finding(subject, tuple(_faults_at_one_moment(database, look)))


def _faults_at_one_moment(database: sqlite3.Connection, look: _Check) -> Iterator[str]:
    """Look within one transaction, so that what follows the log is compared with what it follows.

    What cannot be read is a fault too, and no reason to look at nothing else.
    """
    try:
        database.execute("BEGIN")
        yield from look(database)
    except (sqlite3.Error, UnicodeDecodeError, TypeError) as exc:
        yield f"cannot be read: {exc}"
    finally:
        if database.in_transaction:
            database.rollback()


def _check_file(database: sqlite3.Connection) -> Iterator[str]:
    for (found,) in database.execute("PRAGMA integrity_check"):
        if found != "ok":
            yield str(found)


def _check_messages(database: sqlite3.Connection) -> Iterator[str]:
    for row in database.execute("SELECT * FROM messages"):
        yield from faults_of_row(SimpleNamespace(**row))
    yield from too_high(_number(database, COUNT_TOO_HIGH, 0))


def _check_conflicts(database: sqlite3.Connection) -> Iterator[str]:
    for fault, condition in _CONFLICT_FAULTS.items():
        query = f"SELECT count(*) FROM conflicts c WHERE {condition}"
        if count := _number(database, query, 0):
            yield f"{count} entries {fault}"


def _check_order(name: str, same: str) -> _Check:
    """Compare a list with the log.

    Args:
        name: The list.
        same: When an entry `o` of it is that of a message `m`.
    """
    missing = f"""SELECT count(*) FROM messages m WHERE seq <= :through AND content_hash IS NULL
        AND NOT EXISTS (SELECT 1 FROM {name} o WHERE {same} AND o.ts = m.ts AND o.seq = m.seq)"""
    held = f"SELECT count(*) FROM {name}"

    def look(database: sqlite3.Connection) -> Iterator[str]:
        through = _through(database, name)
        lacks = _number(database, missing, through)
        log = _number(database, f"SELECT count(*) {_LOG}", through)
        surplus = _number(database, held, through) - (log - lacks)
        yield from _faults(lacks, surplus)

    return look


def _check_counts(kept: str, counted: str) -> _Check:
    """Compare counts that are kept with those of the log, as sets of rows."""

    def look(database: sqlite3.Connection) -> Iterator[str]:
        through = _through(database, "counts")
        yield from _compare(database, kept, counted, through)

    return look


def _check_search(database: sqlite3.Connection) -> Iterator[str]:
    """Compare the index with a temporary one: which trigram stands in how many texts, and which."""
    through = _through(database, "search")
    database.execute(
        "CREATE VIRTUAL TABLE temp.fresh USING fts5(text, content='', columnsize=0, detail=none,"
        " tokenize='trigram case_sensitive 1')"
    )
    database.execute(
        f"INSERT INTO temp.fresh (rowid, text) SELECT seq, coalesce(folded, lower(text)) {_LOG}",
        {"through": through},
    )
    for schema, name in (("main", "search"), ("temp", "fresh")):
        database.execute(
            f"CREATE VIRTUAL TABLE temp.{name}_terms USING fts5vocab({schema}, {name}, instance)"
        )
        database.execute(
            f"CREATE TABLE temp.{name}_counts AS"
            # What was imported may have a seq so large that the sum would overflow.
            f" SELECT term, count(*) AS texts, sum(doc % {_MODULUS})"
            f" FROM temp.{name}_terms GROUP BY term"
        )
    yield from _compare(
        database, "SELECT * FROM temp.search_counts", "SELECT * FROM temp.fresh_counts", through
    )
    lost = _number(database, _NOT_FOUND, through)
    if lost:
        yield f"{lost} entries are there, but not found"


def _check_watermarks(database: sqlite3.Connection) -> Iterator[str]:
    last = _number(database, "SELECT coalesce(max(seq), 0) FROM messages", 0)
    query = "SELECT name, through_seq FROM projections"
    found: dict[str, int] = {row["name"]: row["through_seq"] for row in database.execute(query)}
    for name in (projection.name for projection in PROJECTIONS):
        if name not in found:
            yield f"{name} has none"
        elif not 0 <= found[name] <= last:
            yield f"{name} is at {found[name]}, the log at {last}"


def _through(database: sqlite3.Connection, projection: str) -> int:
    query = "SELECT through_seq FROM projections WHERE name = ?"
    row = database.execute(query, [projection]).fetchone()
    return int(row[0]) if row else 0


def _number(database: sqlite3.Connection, query: str, through: int) -> int:
    return int(database.execute(query, {"through": through}).fetchone()[0])


def _compare(database: sqlite3.Connection, kept: str, counted: str, through: int) -> Iterator[str]:
    """Compare two queries as sets of rows."""
    lacks = _number(database, _DIFFERENCE.format(counted, kept), through)
    surplus = _number(database, _DIFFERENCE.format(kept, counted), through)
    yield from _faults(lacks, surplus)


def _faults(lacks: int, surplus: int) -> Iterator[str]:
    if lacks:
        yield f"{lacks} entries are missing"
    if surplus:
        yield f"{surplus} entries are too many"


_FIELDS = ", ".join(f"'{fields}'" for fields in FIELD_LISTS)
_FIRST = to_microseconds(datetime.min.replace(tzinfo=UTC))
_MODULUS = 2**31 - 1
_LAST = to_microseconds(datetime.max.replace(tzinfo=UTC))
_CONFLICT_FAULTS = {
    "have no message": "NOT EXISTS (SELECT 1 FROM messages m WHERE m.message_id = c.message_id)",
    "do not name the fields that differ": f"""fields NOT IN ({_FIELDS}) AND NOT (
        fields = '' AND EXISTS (SELECT 1 FROM messages m
            WHERE m.message_id = c.message_id AND m.content_hash IS NOT NULL))""",
    "have times that cannot be": f"""typeof(first_received_at) <> 'integer'
        OR typeof(last_received_at) <> 'integer' OR first_received_at > last_received_at
        OR first_received_at < {_FIRST} OR last_received_at > {_LAST}""",
    "count no delivery": "typeof(deliveries) <> 'integer' OR deliveries < 1",
}
_CHECKS: Mapping[str, _Check] = {
    "file": _check_file,
    "messages": _check_messages,
    "conflicts": _check_conflicts,
    "watermarks": _check_watermarks,
    "messages_by_ts": _check_order("messages_by_ts", "o.message_id = m.message_id"),
    "messages_by_sender": _check_order(
        "messages_by_sender", "o.sender = CAST(m.sender AS INTEGER)"
    ),
    "messages_by_recipient": _check_order(
        "messages_by_recipient", "o.recipient = CAST(m.recipient AS INTEGER)"
    ),
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
        f"""SELECT width, ts - ((ts % width) + width) % width AS start, count(*) FROM messages,
            (SELECT value AS width FROM json_each('[{MINUTE}, {HOUR}, {DAY}]'))
            WHERE content_hash IS NULL AND seq <= :through GROUP BY 1, 2""",
    ),
    "search": _check_search,
}
