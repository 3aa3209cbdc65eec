"""What the application and its commands ask of a database, whichever it is."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from lyftr_core import (
    AddOutcome,
    MessageReader,
    MessageRemover,
    MessageWriter,
    ReadinessProbe,
)
from lyftr_core.log_copy import LogSource, LogTarget
from lyftr_core.records import Record

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


class Commit(Protocol):
    """A batch that was committed: how many deliveries it answered, and its seconds."""

    @property
    def size(self) -> int: ...  # noqa: D102 - the class says
    @property
    def seconds(self) -> float: ...  # noqa: D102 - the class says


class Store(Protocol):
    """The ports over one database, from `open` to `close`.

    Attributes:
        name: What to call the database; no secret is in it.
        writer: Appends messages.
        reader: Reads what is committed.
        remover: Removes messages.
        probe: Tells whether the database answers.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 - the class says
    @property
    def writer(self) -> MessageWriter: ...  # noqa: D102 - the class says
    @property
    def reader(self) -> MessageReader: ...  # noqa: D102 - the class says
    @property
    def remover(self) -> MessageRemover: ...  # noqa: D102 - the class says
    @property
    def probe(self) -> ReadinessProbe: ...  # noqa: D102 - the class says

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

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class Migration(Protocol):
    """What a migration did: the schema before and after it, and what else there is to say."""

    @property
    def before(self) -> str | None: ...  # noqa: D102 - the class says
    @property
    def after(self) -> str: ...  # noqa: D102 - the class says
    @property
    def remarks(self) -> tuple[str, ...]: ...  # noqa: D102 - the class says


class Finding(Protocol):
    """What a check found: its subject, and what is wrong with it."""

    @property
    def subject(self) -> str: ...  # noqa: D102 - the class says
    @property
    def faults(self) -> tuple[str, ...]: ...  # noqa: D102 - the class says


class Restored(Protocol):
    """What a restore did: where what was there before is kept, if there was anything."""

    @property
    def kept(self) -> Path | None: ...  # noqa: D102 - the class says


class Importer(Protocol):
    """Takes messages from elsewhere into the log."""

    def add(self, batch: Sequence[Record], *, received_at: datetime) -> list[AddOutcome]:
        """Store every message of the batch whose identifier is new."""
        ...

    def finish(self) -> None:
        """Bring what follows the log up to its end."""
        ...


class Database(Protocol):
    """A store, and what commands do to its database.

    Attributes:
        store: The ports.
        listing_reader: Answers lists and statistics; where there is a replica, from it.
        clears_all: Whether nothing of the texts of removed messages is left in the database.
    """

    @property
    def store(self) -> Store: ...  # noqa: D102 - the class says
    @property
    def listing_reader(self) -> MessageReader: ...  # noqa: D102 - the class says
    @property
    def clears_all(self) -> bool: ...  # noqa: D102 - the class says

    def prepare(self) -> None:
        """See that a server can start on it."""
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

    def open_importer(self) -> AbstractContextManager[Importer]:
        """Open it to take in messages from elsewhere."""
        ...

    def open_log_source(self) -> AbstractContextManager[LogSource]:
        """Open it to copy from."""
        ...

    def open_log_target(self) -> AbstractContextManager[LogTarget]:
        """Open it to copy to."""
        ...
