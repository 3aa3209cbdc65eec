"""Removing messages for good, step by step."""

from collections.abc import Callable

from lyftr_core.ports import MessageRemover
from lyftr_core.removal import Removal, RemovalStep

__all__ = ["RemoveMessages"]


class RemoveMessages:
    """Removes the messages that a `Removal` names.

    Args:
        remover: Where they are.
    """

    def __init__(self, remover: MessageRemover) -> None:
        self._remover = remover

    async def __call__(
        self, removal: Removal, progress: Callable[[RemovalStep], None] = lambda _step: None
    ) -> int:
        """Remove them all. What was interrupted is finished by doing it again.

        A message that comes meanwhile may be removed or stay.

        Args:
            removal: Which.
            progress: Told of each step.

        Returns:
            How many were removed.

        Raises:
            StorageUnavailable: Some may have been removed, each of them wholly.
        """
        removed = through = 0
        while True:
            step = await self._remover.remove(removal, through)
            removed += step.removed
            progress(step)
            if step.through >= step.last:
                return removed
            through = step.through

    async def count(self, removal: Removal) -> int:
        """Return how many would be removed now.

        Raises:
            StorageUnavailable: The store cannot answer now.
        """
        return await self._remover.count(removal)

    async def scrub(self) -> bool:
        """Clear away what the store still holds of all that was removed so far.

        Returns:
            Whether nothing is left; else somebody reads what was there before, and another
            attempt may succeed.

        Raises:
            StorageUnavailable: Something may be left.
        """
        return await self._remover.scrub()
