"""What every store over SQL is: ports over one database, from open to close."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

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


class OpenedStore(ABC):
    """A store that a context opens and closes.

    Attributes:
        writer: The `MessageWriter`.
    """

    writer: GroupCommitWriter

    @property
    def waiting(self) -> int:
        """How many messages wait for their commit."""
        return self.writer.waiting

    def is_in_place(self) -> bool:
        """Tell whether the database that was opened is still the one of its name."""
        return True

    @abstractmethod
    async def open(self) -> None:
        """Begin to write."""

    @abstractmethod
    async def close(self) -> None:
        """Commit what waits, and close. A second call does nothing."""

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
