"""What every store over SQL is: ports over one database, from open to close."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Protocol, Self

from lyftr_core.errors import StorageUnavailable
from lyftr_sql.group_commit import GroupCommitWriter

__all__ = ["LONGEST", "PATIENCE", "OpenedStore", "StoreProbe"]

PATIENCE = 2.0
"""How long the database may take to answer, in seconds."""
LONGEST = 5.0
"""How long anyone waits for a check, in seconds."""


class StoreProbe:
    """The `ReadinessProbe` port over a reader and a writer, for one event loop.

    However many ask, one check at a time is made, in a task that no asker can cancel.

    Args:
        read_something: Reads; raises `StorageUnavailable` where that cannot be done.
        writer: What commits.
    """

    def __init__(
        self, read_something: Callable[[], Awaitable[object]], writer: GroupCommitWriter
    ) -> None:
        self._read_something = read_something
        self._writer = writer
        self._check: asyncio.Task[str | None] | None = None

    async def check(self) -> str | None:
        """Return `None` if the database answers in time and takes commits, else what is wrong."""
        check = self._check
        if check is None or check.done():
            check = self._check = asyncio.create_task(self._look(), name="lyftr-check")
        await asyncio.wait([check], timeout=LONGEST)
        if not check.done():
            return "not answering"
        return "closed" if check.cancelled() else check.result()

    async def close(self) -> None:
        """Give up the check under way, if there is one. A second call does nothing."""
        check, self._check = self._check, None
        if check and not check.done():
            check.cancel()
            await asyncio.wait([check], timeout=PATIENCE)

    async def _look(self) -> str | None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._read_something()
        except (StorageUnavailable, TimeoutError):
            return "not answering"
        return await self._writer.check()


class StorePart(Protocol):
    """What works while a store is open."""

    async def open(self) -> None:
        """Begin."""
        ...


class OpenedStore(ABC):
    """A store that a context opens and closes.

    Args:
        prepare: Sees that the database has the schema of this version; changes it if it may.
        require_readable: Sees that it has that schema; changes nothing.

    Attributes:
        writer: The `MessageWriter`.
    """

    writer: GroupCommitWriter

    def __init__(self, prepare: Callable[[], object], require_readable: Callable[[], None]) -> None:
        self._prepare = prepare
        self._require_readable = require_readable
        self._parts: Sequence[StorePart] = ()

    @property
    def waiting(self) -> int:
        """How many messages wait for their commit."""
        return self.writer.waiting

    def is_in_place(self) -> bool:
        """Tell whether the database that was opened is still the one of its name."""
        return True

    async def open(self) -> None:
        """Make the tables if the database is empty, and begin to write.

        Raises:
            StorageUnavailable: The database cannot be reached, opened, locked or written.
            SchemaMismatch: It has another schema than this version uses, and one that is not
                changed at a start.
        """
        await asyncio.to_thread(self._prepare)
        try:
            for part in self._parts:
                await part.open()
        except BaseException:
            await self.close()
            raise

    @abstractmethod
    async def close(self) -> None:
        """Commit what waits, and close. A second call does nothing."""

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Self]:
        """Use the `reader` alone: nothing is made, migrated or added. A server may run.

        Raises:
            StorageUnavailable: The database is missing, or cannot be read.
            SchemaMismatch: It has another schema than this version uses.
        """
        await asyncio.to_thread(self._require_readable)
        try:
            yield self
        finally:
            await self.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
