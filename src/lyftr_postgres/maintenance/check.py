"""Whether a database is what it should be: messages, conflicts, and what follows the log.

The files are PostgreSQL's own, and looked at by pg_amcheck and by checksums of pages.
"""

from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.rows import dict_row

from lyftr_core.database import Finding
from lyftr_postgres.connection.connecting import connect_now
from lyftr_postgres.connection.failures import as_storage_unavailable, reason
from lyftr_postgres.connection.settings import LOCALLY
from lyftr_postgres.connection.url import describe
from lyftr_postgres.projections.folding import COUNTS
from lyftr_postgres.schema.migrate import require_readable
from lyftr_postgres.schema.tables import SEARCH_INDEX
from lyftr_sql.checking import Look, SqlCheck, faults_of_row

__all__ = ["check"]

_AT_ONCE = 4_000
_MOMENT = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {LOCALLY}"
_INVALID = """SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid
    AND indrelid IN (SELECT to_regclass(name) FROM unnest(%s::text[]) AS listed (name))"""
_TABLES = [
    *("messages", "conflicts", "log_base", "projections", "totals"),
    *("counts_by_sender", "counts_by_recipient", "counts_by_time"),
]
_LACKS_INDEX = f"""SELECT CAST(to_regclass('{SEARCH_INDEX}') IS NULL
    AND EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') AS integer)"""
_TWICE = "SELECT count(*) FROM (SELECT seq FROM messages GROUP BY seq HAVING count(*) > 1) AS twice"


def check(conninfo: str) -> Iterator[Finding]:
    """Check a database, one subject after another. It changes nothing; servers may run.

    Args:
        conninfo: See `lyftr_postgres.connection.url.parse_database_url`.

    Raises:
        StorageUnavailable: It cannot be read.
        SchemaMismatch: It has another schema than this version uses.
    """
    require_readable(conninfo)
    with (
        as_storage_unavailable(f"cannot check {describe(conninfo)}"),
        connect_now(conninfo) as connection,
    ):
        yield from _PostgresCheck(connection).findings()


class _PostgresCheck(SqlCheck):
    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection

    def subjects(self) -> dict[str, Look]:
        return {
            "messages": self._messages,
            "seq": self._seq,
            "conflicts": self.conflicts,
            "watermark": partial(self.watermarks, [COUNTS]),
            **self.counts(),
            "search": self._search,
            "indexes": self._indexes,
        }

    def number(self, query: str) -> int:
        ((found,),) = self._connection.execute(query.encode()).fetchall()
        return int(found)

    def at_one_moment(self, look: Look) -> Iterator[str]:
        self._connection.execute(_MOMENT)
        try:
            yield from look()
        except psycopg.Error as exc:
            if self._connection.closed:
                raise
            yield f"cannot be read: {reason(exc)}"
        finally:
            if not self._connection.closed:
                self._connection.rollback()

    def _messages(self) -> Iterator[str]:
        with self._connection.cursor("lyftr_check", row_factory=dict_row) as cursor:
            cursor.itersize = _AT_ONCE
            for row in cursor.execute("SELECT * FROM messages"):
                yield from faults_of_row(SimpleNamespace(**row))

    def _seq(self) -> Iterator[str]:
        if twice := self.number(_TWICE):
            yield f"{twice} values of seq are there more than once"
        yield from self.too_high()

    def _search(self) -> Iterator[str]:
        if self.number(_LACKS_INDEX):
            yield "there is no index, though pg_trgm is there: lyftr migrate makes it"

    def _indexes(self) -> Iterator[str]:
        for (name,) in self._connection.execute(_INVALID, [_TABLES]):
            yield f"{name} is not valid: making it was interrupted"
