"""What the writer rings at each commit, for whoever waits for new messages in the same process."""

import asyncio
from contextlib import suppress

__all__ = ["CommitBell"]


class CommitBell:
    """Rung by one, heard by one, in one event loop."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Say that something was committed."""
        self._rung.set()

    async def wait(self, seconds: float) -> None:
        """Wait for the bell, or until the time is over. What was rung before counts too.

        Args:
            seconds: At most so long: other processes ring no bell here.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        self._rung.clear()
