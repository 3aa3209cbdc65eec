"""How long a client may leave an answer lying, on one connection."""

import asyncio
from collections.abc import Callable

__all__ = ["WriteWatch"]


class WriteWatch:
    """Gives up a connection whose client takes nothing of what waits to be sent.

    What waits is in this process's memory, and to close the connection would wait for it too.

    Args:
        loop: Runs the timer.
        seconds: For so long nothing may move.
        on_late: Called before a connection is given up.
    """

    __slots__ = ("_loop", "_on_late", "_seconds", "_timer", "_waited")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, seconds: float, on_late: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._seconds = seconds
        self._on_late = on_late
        self._waited = 0
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, transport: asyncio.Transport) -> None:
        """Watch a connection on which something waits, until nothing does."""
        if self._timer is None:
            self._wait(transport, transport.get_write_buffer_size())

    def cancel(self) -> None:
        """Watch no more."""
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _wait(self, transport: asyncio.Transport, size: int) -> None:
        self._waited = size
        self._timer = self._loop.call_later(self._seconds, self._look, transport)

    def _look(self, transport: asyncio.Transport) -> None:
        self._timer = None
        size = transport.get_write_buffer_size()
        if size >= self._waited:
            self._on_late()
            transport.abort()
        elif size:
            self._wait(transport, size)
