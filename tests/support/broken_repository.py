"""A repository that fails, for what is made of its errors."""

from typing import Any

from lyftr_core import InMemoryMessageRepository

__all__ = ["BrokenRepository"]


class BrokenRepository(InMemoryMessageRepository):
    """Raises an error where it should add or get a message."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    async def add(self, *_: object, **__: object) -> Any:  # noqa: ANN401 - it never returns
        raise self._error

    get = add
