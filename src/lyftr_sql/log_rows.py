"""The rows of a log as every store keeps them, and what they are copied from and to."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol, TypeVar

from lyftr_core.database import Database

__all__ = [
    "AT_ONCE",
    "ConflictRow",
    "Conflicts",
    "LogRow",
    "LogSource",
    "LogTarget",
    "Opening",
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


_LOG = ", ".join(LogRow._fields)
_CONFLICT = ", ".join(ConflictRow._fields)

Rows = Generator[Sequence[LogRow], None, None]
"""Rows, `AT_ONCE` at a time, and read no sooner than they are asked for."""


Conflicts = Generator[Sequence[ConflictRow], None, None]
"""The same of conflicts."""


class LogSource(ABC):
    """What a log is copied from: it stays as of one moment, whoever adds to it meanwhile.

    Every method raises `StorageUnavailable` where the database cannot be read.

    Args:
        name: What to call it; no secret is in it.
        below: Only what is below this `seq` is read, if it is given.
    """

    def __init__(self, name: str, below: int | None = None) -> None:
        self.name: str = name
        self._below = "" if below is None else f" AND seq < {below}"

    def count(self) -> int:
        """Return how many rows there are."""
        (found,) = self.read(f"SELECT count(*) FROM messages WHERE true{self._below}")
        return int(found[0][0])

    def rows(self, after: int = 0) -> Rows:
        """Yield the rows whose `seq` is higher, in the order of `seq`."""
        ahead = f"WHERE seq > {after}{self._below} ORDER BY seq"
        for batch in self.read(f"SELECT {_LOG} FROM messages {ahead}"):
            yield [LogRow._make(row) for row in batch]

    def conflicts(self) -> Conflicts:
        """Yield the conflicts, by `message_id` and then by `fields`, each by code points."""
        for batch in self.read(f"SELECT {_CONFLICT} FROM conflicts ORDER BY message_id, fields"):
            yield [ConflictRow._make(row) for row in batch]

    @abstractmethod
    def read(self, query: str) -> Iterator[Sequence[Any]]:
        """Yield what a query gives, `AT_ONCE` rows at a time."""


class LogTarget(LogSource):
    """What a log is copied to. What it reads is as of the moment of the call."""

    @abstractmethod
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

    @abstractmethod
    def replace_conflicts(self, conflicts: Conflicts) -> None:
        """Put these in the place of all conflicts, in one durable transaction."""

    @abstractmethod
    def finish(self) -> None:
        """Bring what follows the log up to its end."""


T_co = TypeVar("T_co", covariant=True)
Opening = Callable[[], AbstractContextManager[T_co]]
"""Opens something that a context closes."""


class SqlDatabase(Database, Protocol):
    """A database whose log can be copied row by row."""

    def open_log_source(self) -> AbstractContextManager[LogSource]:
        """Open it to copy from."""
        ...

    def open_log_target(self) -> AbstractContextManager[LogTarget]:
        """Open it to copy to."""
        ...
