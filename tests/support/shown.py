"""What `lyftr tail --follow` shows, and a way to wait for it."""

import asyncio
from collections.abc import Sequence

from lyftr_core import StoredMessage

__all__ = ["PATIENCE", "Shown"]

PATIENCE = 120.0


class Shown:
    """Keeps the identifiers of the messages that are shown."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self._more = asyncio.Event()

    def __call__(self, messages: Sequence[StoredMessage]) -> None:
        self.ids += [stored.message.message_id for stored in messages]
        self._more.set()

    async def wait_for(self, message_id: str) -> None:
        """Wait until a message is shown."""
        async with asyncio.timeout(PATIENCE):
            while message_id not in self.ids:
                self._more.clear()
                await self._more.wait()
