"""Copying the whole log from one store to another, whichever they are.

What is copied is rows, not messages: `seq`, those of removed messages, and the recorded conflicts
too. The target holds a beginning of the source's log at every moment, so a copy that was cut off
goes on from there; and at the end both are read back and compared.
"""

import hashlib
from collections.abc import Sequence
from contextlib import closing
from itertools import chain, islice
from typing import NamedTuple

import msgspec

from lyftr_core.database import Progress
from lyftr_core.errors import DataRefused, StorageError
from lyftr_sql.log_rows import LogRow, LogSource, LogTarget

__all__ = [
    "LogDigest",
    "append_rest",
    "digest",
    "require_same",
]

_encode = msgspec.json.Encoder().encode


class LogDigest(NamedTuple):
    """A log in three figures, and one that changes with everything that is in it.

    Attributes:
        messages: How many rows there are, those of removed messages too.
        removed: How many of them are of removed messages.
        conflicts: How many kinds of conflicts are recorded.
        sha256: Over all of it, each row as a JSON array on a line, in hex.
    """

    messages: int
    removed: int
    conflicts: int
    sha256: str

    def __str__(self) -> str:
        return (
            f"{self.messages} messages, {self.removed} of them removed,"
            f" {self.conflicts} conflicts, SHA-256 {self.sha256}"
        )


def append_rest(source: LogSource, target: LogTarget, progress: Progress) -> int:
    """Copy what the target lacks.

    Args:
        source: Where from.
        target: Where to. It is empty, or holds the beginning of the source's log.
        progress: Told how many rows the target has, and how many there are.

    Returns:
        How many rows were copied.

    Raises:
        StorageError: The target holds something else; nothing is changed.
        StorageUnavailable: It could not go on; what is committed stays, to go on from. Where the
            target does not take a row, the message names its `seq`.
    """
    before, last = _require_beginning(source, target)
    done, whole = before, source.count()
    progress(done, whole)
    for batch in source.rows(after=last):
        _append(target, batch, after=last)
        last, done = batch[-1].seq, done + len(batch)
        progress(done, whole)
    if _conflicts(source) != _conflicts(target):
        target.replace_conflicts(source.conflicts())
    return done - before


def _append(target: LogTarget, rows: Sequence[LogRow], *, after: int) -> None:
    """Append rows; of those that the target does not take, find and name the first."""
    try:
        target.append(rows, after=after)
    except DataRefused as exc:
        if len(rows) == 1:
            raise DataRefused(f"the message with seq {rows[0].seq}: {exc}") from exc
        middle = len(rows) // 2
        _append(target, rows[:middle], after=after)
        _append(target, rows[middle:], after=rows[middle - 1].seq)


def digest(log: LogSource, progress: Progress = lambda _done, _whole: None) -> LogDigest:
    """Read a whole log back.

    Args:
        log: Which.
        progress: Told how many rows are read, and how many there are.
    """
    digested, messages, removed, whole = hashlib.sha256(), 0, 0, log.count()
    for batch in log.rows():
        digested.update(b"".join(_encode(row) + b"\n" for row in batch))
        messages += len(batch)
        removed += sum(row.content_hash is not None for row in batch)
        progress(messages, whole)
    conflicts, found = _conflicts(log)
    digested.update(found)
    return LogDigest(messages, removed, conflicts, digested.hexdigest())


def require_same(source: LogSource, copied: LogDigest, target: LogSource, held: LogDigest) -> None:
    """See that what was read back is the same.

    Raises:
        StorageError: It is not.
    """
    if copied != held:
        raise StorageError(
            f"the copy differs: {source.name} has {copied}; {target.name} has {held}"
        )


def _require_beginning(source: LogSource, target: LogSource) -> tuple[int, int]:
    """See that all the target has is the beginning of the source.

    Returns:
        How many rows it has, and the last `seq`.
    """
    count = last = 0
    with closing(source.rows()) as there, closing(target.rows()) as here:
        rows = chain.from_iterable(there)
        for batch in here:
            if list(islice(rows, len(batch))) != list(batch):
                raise StorageError(
                    f"{target.name} holds what {source.name} does not hold at the same place:"
                    " lyftr copy needs an empty database, or one that it filled from there"
                )
            count, last = count + len(batch), batch[-1].seq
    return count, last


def _conflicts(log: LogSource) -> tuple[int, bytes]:
    """Return the number of conflicts, and a digest of them."""
    digested, count = hashlib.sha256(), 0
    for batch in log.conflicts():
        digested.update(b"".join(_encode(row) + b"\n" for row in batch))
        count += len(batch)
    return count, digested.digest()
