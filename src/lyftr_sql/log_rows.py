"""The rows of a log as every store keeps them, and what they are copied from and to."""

from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from lyftr_core.database import Database

__all__ = [
    "AT_ONCE",
    "ConflictRow",
    "Conflicts",
    "LogRow",
    "LogSource",
    "LogTarget",
    "Rows",
    "SqlDatabase",
]


AT_ONCE = 4_000
"""How many rows are read, and committed, together."""


class LogRow(NamedTuple):
    """A row of the log as every store keeps it; times are microseconds since 1970."""

    seq: int
    message_id: str
    sender: str
    recipient: str
    ts: int
    text: str | None
    received_at: int
    folded: str | None
    content_hash: int | None


class ConflictRow(NamedTuple):
    """A row of the conflicts."""

    message_id: str
    fields: str
    first_received_at: int
    last_received_at: int
    deliveries: int


Rows = Generator[Sequence[LogRow], None, None]
"""Rows, `AT_ONCE` at a time, and read no sooner than they are asked for."""


Conflicts = Generator[Sequence[ConflictRow], None, None]
"""The same of conflicts."""


class LogSource(Protocol):
    """What a log is copied from: it stays as of one moment, whoever adds to it meanwhile.

    Every method raises `StorageUnavailable` where the database cannot be read.
    """

    @property
    def name(self) -> str:
        """What to call it; no secret is in it."""
        ...

    def count(self) -> int:
        """Return how many rows there are."""
        ...

    def rows(self, after: int = 0) -> Rows:
        """Yield the rows whose `seq` is higher, in the order of `seq`."""
        ...

    def conflicts(self) -> Conflicts:
        """Yield the conflicts, by `message_id` and then by `fields`, each by code points."""
        ...


class LogTarget(LogSource, Protocol):
    """What a log is copied to. What it reads is as of the moment of the call."""

    def append(self, rows: Sequence[LogRow], *, after: int) -> None:
        """Add rows to the end of the log; all of them are committed, or none is.

        Whatever is added by others from then on gets a higher `seq`.

        Args:
            rows: In the order of `seq`.
            after: The last `seq` that the log has, 0 if it has none.

        Raises:
            DataRefused: The target does not take one of the rows.
            StorageUnavailable: It could not be committed, or `after` is not the last.
        """
        ...

    def replace_conflicts(self, conflicts: Conflicts) -> None:
        """Put these in the place of all conflicts, in one durable transaction."""
        ...

    def finish(self) -> None:
        """Bring what follows the log up to its end."""
        ...


class SqlDatabase(Database, Protocol):
    """A database whose log can be copied row by row."""

    def open_log_source(self) -> AbstractContextManager[LogSource]:
        """Open it to copy from."""
        ...

    def open_log_target(self) -> AbstractContextManager[LogTarget]:
        """Open it to copy to."""
        ...
