"""What a check of a database finds, and what is wrong with one row of the log, in either."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from types import SimpleNamespace

from lyftr_core.conflict import CONTENT_FIELDS
from lyftr_core.errors import StorageError
from lyftr_core.message import MAX_SEQ_IN_FILES
from lyftr_sql.conflicts import SEPARATOR
from lyftr_sql.rows import fold_beyond_ascii, to_stored

__all__ = ["COUNT_TOO_HIGH", "FIELD_LISTS", "Finding", "faults_of_row", "too_high"]

COUNT_TOO_HIGH = f"SELECT count(*) FROM messages WHERE seq > {MAX_SEQ_IN_FILES}"  # noqa: S608 - of a constant
"""Counts what `too_high` tells of."""
_HASHES = range(2**32)
_EMPTIED = ("sender", "recipient", "ts", "text", "received_at", "folded")
_EMPTY = ("", 0, None)
FIELD_LISTS: tuple[str, ...] = tuple(
    SEPARATOR.join(fields)
    for count in range(1, len(CONTENT_FIELDS) + 1)
    for fields in combinations(CONTENT_FIELDS, count)
)
"""Whatever a row of the conflicts can have as the fields that differ, where any are known."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found.

    Attributes:
        subject: What was checked.
        faults: What is wrong with it; nothing if all is well.
    """

    subject: str
    faults: tuple[str, ...]


def too_high(count: int) -> Iterator[str]:
    """Say that some rows of the log, as `COUNT_TOO_HIGH` counts them, have a `seq` too high."""
    if count:
        yield (
            f"{count} messages have a seq above {MAX_SEQ_IN_FILES}, which many readers of JSON"
            " round; export all messages and import them into a new database"
        )


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
