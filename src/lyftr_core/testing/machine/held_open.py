"""A repository that stays open from one call of an event loop to the next."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any, Generic, TypeVar

__all__ = ["HeldOpen"]

Value = TypeVar("Value")


class HeldOpen(Generic[Value]):
    """Enters and leaves a context in one task, as cancel scopes and task groups in it demand.

    Args:
        context: What to hold open.
    """

    def __init__(self, context: AbstractAsyncContextManager[Value]) -> None:
        self._context = context

    async def open(self) -> Value:
        """Enter the context, and return what it gives."""
        opened: asyncio.Future[Value] = asyncio.get_running_loop().create_future()
        self._closing = asyncio.Event()
        self._holding = asyncio.create_task(self._hold(opened))
        waiting: list[asyncio.Future[Any]] = [opened, self._holding]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if not opened.done():
            await self._holding  # which raises what opening raised
        return opened.result()

    async def close(self) -> None:
        """Leave the context."""
        self._closing.set()
        await self._holding

    async def _hold(self, opened: asyncio.Future[Value]) -> None:
        async with self._context as value:
            opened.set_result(value)
            await self._closing.wait()
