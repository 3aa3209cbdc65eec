"""Whether a database answers, and takes commits."""

import asyncio
from collections.abc import Awaitable, Callable

from lyftr_core.errors import StorageUnavailable
from lyftr_sql.group_commit import GroupCommitWriter

__all__ = ["LONGEST", "PATIENCE", "StoreProbe"]

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
