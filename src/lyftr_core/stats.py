"""Figures over all messages."""

from lyftr_core.ports import MessageReader
from lyftr_core.reading import Stats

__all__ = ["ComputeStats"]


class ComputeStats:
    """Compute the statistics.

    Args:
        reader: Where the messages are.

    Example:
        >>> import asyncio
        >>> from lyftr_core import InMemoryMessageRepository
        >>> stats = asyncio.run(ComputeStats(InMemoryMessageRepository())())
        >>> stats.total_messages, stats.first_message_ts
        (0, None)
    """

    def __init__(self, reader: MessageReader) -> None:
        self._reader = reader

    async def __call__(self) -> Stats:
        """Return the statistics of this moment.

        Raises:
            StorageUnavailable: The store cannot answer now.
        """
        return await self._reader.stats()
