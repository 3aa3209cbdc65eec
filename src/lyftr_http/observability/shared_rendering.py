"""One rendering at a time, in a thread, shared by all requests that wait for it."""

import asyncio
import time
from collections.abc import Callable

__all__ = ["SharedRendering"]

_INTERVAL = 0.25
"""From the start of a rendering to the start of the next, in seconds."""


class SharedRendering:
    """Renders what many may ask for, at most four times a second.

    Requests that arrive before a rendering starts share it; one that arrives later waits for the
    next. So each answer contains everything that happened before its request. It is used in one
    event loop at a time.

    Args:
        render: Runs in a thread.
        interval: The least time from the start of a rendering to the start of the next, in seconds.
    """

    def __init__(self, render: Callable[[], bytes], interval: float = _INTERVAL) -> None:
        self._render = render
        self._interval = interval
        self._loop: asyncio.AbstractEventLoop | None = None
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[bytes]] = set()
        self._next: asyncio.Task[bytes] | None = None
        self._started = -interval

    async def __call__(self) -> bytes:
        """Return the result of a rendering that starts after this call.

        A caller that is cancelled does not cancel the rendering. An error of the rendering reaches
        every caller that shares it, and no later one.
        """
        self._enter_loop()
        if self._next is None or self._next.done():
            self._next = asyncio.create_task(self._run(), name="rendering")
            self._tasks.add(self._next)
            self._next.add_done_callback(self._finish)
        return await asyncio.shield(self._next)

    async def close(self) -> None:
        """Give up what was not rendered yet; a thread that renders is not waited for."""
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _enter_loop(self) -> None:
        """Forget what another event loop has left: its tasks and locks are of no use in this."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._turn, self._next = loop, asyncio.Lock(), None
            self._tasks.clear()

    def _finish(self, task: asyncio.Task[bytes]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # asyncio would report an error that no caller has taken

    async def _run(self) -> bytes:
        async with self._turn:
            await asyncio.sleep(self._started + self._interval - time.monotonic())
            self._next = None  # who asks from now on may ask for what happens from now on
            self._started = time.monotonic()
            return await asyncio.to_thread(self._render)
