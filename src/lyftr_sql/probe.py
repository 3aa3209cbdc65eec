"""Whether a database answers, and takes commits."""

import asyncio
from collections.abc import Awaitable, Callable

from lyftr_core.errors import StorageUnavailable
from lyftr_sql.group_commit import GroupCommitWriter

__all__ = ["PATIENCE", "StoreProbe"]

PATIENCE = 2.0
"""How long the database may take to answer, in seconds."""


class StoreProbe:
    """The `ReadinessProbe` port over a reader and a writer.

    Args:
        read_something: Reads; raises `StorageUnavailable` where that cannot be done.
        writer: What commits.
    """

    def __init__(
        self, read_something: Callable[[], Awaitable[object]], writer: GroupCommitWriter
    ) -> None:
        self._read_something = read_something
        self._writer = writer

    async def check(self) -> str | None:
        """Return `None` if the database answers in time and takes commits, else what is wrong."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._read_something()
        except (StorageUnavailable, TimeoutError):
            return "not answering"
        return await self._writer.check()
