"""How long a request may take to arrive, and an answer to leave, on one connection."""

import asyncio
from collections.abc import Callable

__all__ = ["RequestTimer", "WriteTimer"]


class WriteTimer:
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


_LAST_CHANCE = 0.1
"""For what has arrived, but was not read yet since the process had no turn, in seconds."""


class RequestTimer:
    """Calls when a request has been on its way for too long.

    It has one timer for many requests: to make one for each would cost more than to read most of
    them.

    Args:
        loop: Runs the timer.
        seconds: From the beginning of a request, or of the wait for the first one.
        on_late: Called once for each request that is late, `begin` being the way to wait on.
    """

    __slots__ = ("_began", "_is_late", "_loop", "_on_late", "_seconds", "_timer")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, seconds: float, on_late: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._seconds = seconds
        self._on_late = on_late
        self._began: float | None = None
        self._is_late = False
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether it counts."""
        return self._began is not None

    def begin(self) -> None:
        """Count from now."""
        self._began = self._loop.time()
        self._is_late = False
        if self._timer is None:
            self._look_again(self._seconds)

    def end(self) -> None:
        """Take note that the request is whole."""
        self._began = None

    def cancel(self) -> None:
        """Call no more."""
        self._began = None
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if self._began is None:
            return
        left = self._began + self._seconds - self._loop.time()
        if left > 0:
            self._look_again(left)
        elif not self._is_late:
            self._is_late = True
            self._look_again(_LAST_CHANCE)
        else:
            self._began = None
            self._on_late()

    def _look_again(self, seconds: float) -> None:
        self._timer = self._loop.call_later(seconds, self._look)
