"""What every store over SQL is: ports over one database, from open to close."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from lyftr_sql.group_commit import GroupCommitWriter

__all__ = ["OpenedStore"]


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
