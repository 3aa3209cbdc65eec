"""Whether a database is what it should be: the file, messages, conflicts, what follows the log."""

import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

from lyftr_core.database import Finding
from lyftr_sql.checking import Look, SqlCheck, faults_of_row, folded_log
from lyftr_sqlite.connection.read_access import open_to_read
from lyftr_sqlite.projections.projections import PROJECTIONS
from lyftr_sqlite.schema.revision import require_head

__all__ = ["Finding", "check"]

# Words are found through an index of their own, which a walk over all of them does not use.
_NOT_FOUND = """SELECT count(*) FROM temp.fresh_counts WHERE texts <>
    (SELECT count(*) FROM search WHERE search MATCH '"' || replace(term, '"', '""') || '"')"""
_MODULUS = 2**31 - 1
_LISTS = {
    "messages_by_ts": "o.message_id = m.message_id",
    "messages_by_sender": "o.sender = CAST(m.sender AS INTEGER)",
    "messages_by_recipient": "o.recipient = CAST(m.recipient AS INTEGER)",
}
"""When an entry `o` of a list is that of a message `m`."""
_TYPES_OF_CONFLICTS = {
    "have times that cannot be": """typeof(first_received_at) <> 'integer'
        OR typeof(last_received_at) <> 'integer'""",
    "count no delivery": "typeof(deliveries) <> 'integer'",
}


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
        yield from _SqliteCheck(database).findings()


class _SqliteCheck(SqlCheck):
    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def subjects(self) -> dict[str, Look]:
        return {
            "file": self._file,
            "messages": self._messages,
            "conflicts": partial(self.conflicts, _TYPES_OF_CONFLICTS),
            "watermarks": partial(self.watermarks, [one.name for one in PROJECTIONS]),
            **{name: partial(self._list, name, same) for name, same in _LISTS.items()},
            **self.counts(),
            "search": self._search,
        }

    def number(self, query: str) -> int:
        return int(self._database.execute(query).fetchone()[0])

    def at_one_moment(self, look: Look) -> Iterator[str]:
        try:
            self._database.execute("BEGIN")
            yield from look()
        except (sqlite3.Error, TypeError, ValueError) as exc:
            yield f"cannot be read: {exc}"
        finally:
            if self._database.in_transaction:
                self._database.rollback()

    def _file(self) -> Iterator[str]:
        for (found,) in self._database.execute("PRAGMA integrity_check"):
            if found != "ok":
                yield str(found)

    def _messages(self) -> Iterator[str]:
        for row in self._database.execute("SELECT * FROM messages"):
            yield from faults_of_row(SimpleNamespace(**row))
        yield from self.too_high()

    def _list(self, name: str, same: str) -> Iterator[str]:
        """Compare a list with the log."""
        log = folded_log(name)
        entry = f"SELECT 1 FROM {name} o WHERE {same} AND o.ts = m.ts AND o.seq = m.seq"
        missing = f"SELECT count(*) FROM (SELECT * {log}) AS m WHERE NOT EXISTS ({entry})"
        lacks = self.number(missing)
        held = self.number(f"SELECT count(*) FROM {name}")
        yield from self.differences(lacks, held - (self.number(f"SELECT count(*) {log}") - lacks))

    def _search(self) -> Iterator[str]:
        """Compare the index with a temporary one: which trigram stands in how many texts, which."""
        self._database.execute(
            "CREATE VIRTUAL TABLE temp.fresh USING fts5(text, content='', columnsize=0,"
            " detail=none, tokenize='trigram case_sensitive 1')"
        )
        self._database.execute(
            "INSERT INTO temp.fresh (rowid, text)"
            f" SELECT seq, coalesce(folded, lower(text)) {folded_log('search')}"
        )
        for schema, name in (("main", "search"), ("temp", "fresh")):
            self._database.execute(
                f"CREATE VIRTUAL TABLE temp.{name}_terms"
                f" USING fts5vocab({schema}, {name}, instance)"
            )
            self._database.execute(
                f"CREATE TABLE temp.{name}_counts AS"
                # What was imported may have a seq so large that the sum would overflow.
                f" SELECT term, count(*) AS texts, sum(doc % {_MODULUS})"
                f" FROM temp.{name}_terms GROUP BY term"
            )
        yield from self.compare(
            "SELECT * FROM temp.search_counts", "SELECT * FROM temp.fresh_counts"
        )
        if lost := self.number(_NOT_FOUND):
            yield f"{lost} entries are there, but not found"
