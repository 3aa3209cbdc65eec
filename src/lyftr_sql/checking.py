"""What a check of a SQL database looks at and finds: rows of the log, conflicts, counts."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import combinations
from types import SimpleNamespace

from lyftr_core.conflict import CONTENT_FIELDS
from lyftr_core.database import Finding
from lyftr_core.errors import StorageError
from lyftr_core.message import MAX_SEQ_IN_FILES
from lyftr_core.timestamps import to_microseconds
from lyftr_sql.conflicts import SEPARATOR
from lyftr_sql.rows import fold_beyond_ascii, to_stored
from lyftr_sql.time_buckets import DAY, HOUR, MINUTE

__all__ = ["Look", "SqlCheck", "faults_of_row", "folded_log"]

_TOO_HIGH = f"SELECT count(*) FROM messages WHERE seq > {MAX_SEQ_IN_FILES}"
_HASHES = range(2**32)
_EMPTIED = ("sender", "recipient", "ts", "text", "received_at", "folded")
_EMPTY = ("", 0, None)
# Whatever a row of the conflicts can have as the fields that differ, where any are known.
_FIELD_LISTS = ", ".join(
    f"'{SEPARATOR.join(fields)}'"
    for count in range(1, len(CONTENT_FIELDS) + 1)
    for fields in combinations(CONTENT_FIELDS, count)
)
_FIRST = to_microseconds(datetime.min.replace(tzinfo=UTC))
_LAST = to_microseconds(datetime.max.replace(tzinfo=UTC))
_CONFLICT_FAULTS = {
    "have no message": "NOT EXISTS (SELECT 1 FROM messages m WHERE m.message_id = c.message_id)",
    "do not name the fields that differ": f"""fields NOT IN ({_FIELD_LISTS}) AND NOT (
        fields = '' AND EXISTS (SELECT 1 FROM messages m
            WHERE m.message_id = c.message_id AND m.content_hash IS NOT NULL))""",
    "have times that cannot be": f"""first_received_at > last_received_at
        OR first_received_at < {_FIRST} OR last_received_at > {_LAST}""",
    "count no delivery": "deliveries < 1",
}
_DIFFERENCE = """SELECT count(*) FROM
    (SELECT * FROM ({}) AS these EXCEPT SELECT * FROM ({}) AS those) AS difference"""

Look = Callable[[], Iterator[str]]
"""Says what is wrong with one subject."""


class SqlCheck(ABC):
    """Checks one database, one subject after another, and changes nothing."""

    @abstractmethod
    def subjects(self) -> Mapping[str, Look]:
        """Return what is looked at, by its name."""

    @abstractmethod
    def number(self, query: str) -> int:
        """Return the one number that a query gives."""

    @abstractmethod
    def at_one_moment(self, look: Look) -> Iterator[str]:
        """Look within one transaction, so that a projection is compared with the log it follows.

        What cannot be read is a fault too, and no reason to look at nothing else.
        """

    def findings(self) -> Iterator[Finding]:
        """Look at each subject."""
        for subject, look in self.subjects().items():
            yield Finding(subject, tuple(self.at_one_moment(look)))

    def too_high(self) -> Iterator[str]:
        """Say whether rows of the log have a `seq` too high."""
        if count := self.number(_TOO_HIGH):
            yield (
                f"{count} messages have a seq above {MAX_SEQ_IN_FILES}, which many readers of JSON"
                " round; export all messages and import them into a new database"
            )

    def conflicts(self, types: Mapping[str, str] | None = None) -> Iterator[str]:
        """Look at the conflicts.

        Args:
            types: What else makes a row of a fault, where columns can hold values of any type.
        """
        for fault, condition in _CONFLICT_FAULTS.items():
            either = f"({condition}) OR {(types or {}).get(fault, 'false')}"
            if count := self.number(f"SELECT count(*) FROM conflicts c WHERE {either}"):
                yield f"{count} entries {fault}"

    def watermarks(self, projections: Iterable[str]) -> Iterator[str]:
        """Look at how far each projection says that it is."""
        last = self.number("SELECT coalesce(max(seq), 0) FROM messages")
        for name in projections:
            one = f"FROM projections WHERE name = '{name}'"
            if not self.number(f"SELECT count(*) {one}"):
                yield f"{name} has none"
            elif not 0 <= (through := self.number(f"SELECT through_seq {one}")) <= last:
                yield f"{name} is at {through}, the log at {last}"

    def counts(self) -> dict[str, Look]:
        """Return the looks at the counts that are kept."""
        log = folded_log("counts")
        widths = f"(SELECT {MINUTE} AS width UNION ALL SELECT {HOUR} UNION ALL SELECT {DAY})"
        return {
            "totals": lambda: self.compare(
                "SELECT name, value FROM totals",
                f"SELECT 'messages', count(*) {log}"
                f" UNION ALL SELECT 'senders', count(DISTINCT sender) {log}",
            ),
            "counts_by_sender": lambda: self.compare(
                "SELECT sender, messages FROM counts_by_sender",
                f"SELECT sender, count(*) {log} GROUP BY sender",
            ),
            "counts_by_recipient": lambda: self.compare(
                "SELECT recipient, messages FROM counts_by_recipient",
                f"SELECT recipient, count(*) {log} GROUP BY recipient",
            ),
            "counts_by_time": lambda: self.compare(
                "SELECT width, start, messages FROM counts_by_time",
                "SELECT width, ts - ((ts % width) + width) % width AS start, count(*) FROM"
                f" (SELECT ts {log}) AS folded CROSS JOIN {widths} AS widths GROUP BY 1, 2",
            ),
        }

    def compare(self, kept: str, counted: str) -> Iterator[str]:
        """Compare two queries as sets of rows."""
        lacks = self.number(_DIFFERENCE.format(counted, kept))
        yield from self.differences(lacks, self.number(_DIFFERENCE.format(kept, counted)))

    def differences(self, lacks: int, surplus: int) -> Iterator[str]:
        """Say how many entries a projection lacks, and how many it has that it should not."""
        if lacks:
            yield f"{lacks} entries are missing"
        if surplus:
            yield f"{surplus} entries are too many"


def folded_log(projection: str) -> str:
    """Return the part of a query that gives the messages which a projection should hold."""
    through = f"(SELECT through_seq FROM projections WHERE name = '{projection}')"
    return f"FROM messages WHERE content_hash IS NULL AND seq <= {through}"


def faults_of_row(row: SimpleNamespace) -> Iterator[str]:
    """Say what is wrong with a row of the log, its columns as attributes."""
    if row.content_hash is not None:
        yield from _faults_of_removed(row)
        return
    try:
        text = to_stored(row).message.text
    except StorageError as exc:
        yield str(exc)
        return
    if row.folded != (None if text is None else fold_beyond_ascii(text)):
        yield f"the row with seq {row.seq} has a wrong folded text"


def _faults_of_removed(row: SimpleNamespace) -> Iterator[str]:
    if row.content_hash not in _HASHES:
        yield f"the row with seq {row.seq} has a wrong hash"
    if any(getattr(row, name) not in _EMPTY for name in _EMPTIED):
        yield f"the row with seq {row.seq} is of a removed message, and not empty"
