"""What the application and its commands ask of a database, whichever it is."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from lyftr_core import AddOutcome, MessageReader, MessageRemover, MessageWriter, ReadinessProbe
from lyftr_core.message import Record

__all__ = [
    "Commit",
    "Database",
    "Finding",
    "Importer",
    "Migration",
    "Progress",
    "Restored",
    "Store",
]

Progress = Callable[[int, int], None]
"""Told how much is done, and how much there is."""


class Commit(NamedTuple):
    """A batch that was committed.

    Attributes:
        created: How many messages it added.
        size: How many deliveries it answered, duplicates and conflicts among them.
        seconds: How long it took, from the first statement on.
    """

    created: int
    size: int
    seconds: float


class Store(Protocol):
    """The ports over one database, from `open` to `close`."""

    @property
    def name(self) -> str:
        """What to call it; no secret is in it."""
        ...

    @property
    def writer(self) -> MessageWriter:
        """Appends messages."""
        ...

    @property
    def reader(self) -> MessageReader:
        """Reads what is committed."""
        ...

    @property
    def remover(self) -> MessageRemover:
        """Removes messages."""
        ...

    @property
    def probe(self) -> ReadinessProbe:
        """Tells whether the database answers."""
        ...

    @property
    def waiting(self) -> int:
        """How many messages wait for their commit."""
        ...

    async def open(self) -> None:
        """Begin to write."""
        ...

    async def close(self) -> None:
        """Commit what waits, and close."""
        ...

    def reading(self) -> AbstractAsyncContextManager[Self]:
        """Use the reader alone, beside a server."""
        ...

    def is_in_place(self) -> bool:
        """Tell whether the database that was opened is still the one of its name."""
        ...

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class Migration(Protocol):
    """What a migration did."""

    @property
    def before(self) -> str | None:
        """The schema that was found, `None` for a new database."""
        ...

    @property
    def after(self) -> str:
        """The schema that is there now."""
        ...

    @property
    def remarks(self) -> tuple[str, ...]:
        """What else there is to say, a line each."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found.

    Attributes:
        subject: What was checked.
        faults: What is wrong with it; nothing if all is well.
    """

    subject: str
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did.

    Attributes:
        kept: Where the database is that was there before; `None` if none was.
    """

    kept: Path | None


class Importer(Protocol):
    """Takes messages from elsewhere into the log."""

    def add(self, batch: Sequence[Record], *, received_at: datetime) -> list[AddOutcome]:
        """Store every message of the batch whose identifier is new."""
        ...

    def finish(self) -> None:
        """Bring what follows the log up to its end."""
        ...


class Database(Protocol):
    """A store, and what commands do to its database."""

    @property
    def store(self) -> Store:
        """The ports."""
        ...

    @property
    def listing_reader(self) -> MessageReader:
        """Answers lists and statistics; where there is a replica, from it."""
        ...

    @property
    def clears_all(self) -> bool:
        """Whether nothing of the texts of removed messages is left in the database."""
        ...

    def prepare(self) -> tuple[str, ...]:
        """See that a server can start on it, and return what to warn of."""
        ...

    def migrate(self) -> Migration:
        """Bring it to the schema of this version."""
        ...

    def check(self) -> Iterator[Finding]:
        """Look for anything wrong."""
        ...

    def rebuild(self, progress: Progress) -> int:
        """Make what follows the log anew, and return up to which `seq`."""
        ...

    def back_up(self, target: Path, *, checked: bool, progress: Progress) -> None:
        """Copy it to a file."""
        ...

    def restore(self, backup: Path, *, now: datetime, progress: Progress) -> Restored:
        """Put such a file in its place."""
        ...

    def owns(self, file: Path) -> bool:
        """Tell whether a file, which need not exist, is the database or belongs to it."""
        ...

    def require_free(self, target: Path) -> None:
        """See that a command may write a file; raise `StorageError` if a database owns it."""
        ...

    def is_same(self, other: "Database") -> bool:
        """Tell whether another is this one under another name, or one is a replica of the other.

        Raises `StorageUnavailable` where one of them cannot be asked.
        """
        ...

    def open_importer(self) -> AbstractContextManager[Importer]:
        """Open it to take in messages from elsewhere."""
        ...
