"""uvicorn's server, which ends in time and together with the process that started it."""

import asyncio
import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from types import FrameType

import uvicorn

from lyftr_http.connection_policy import ConnectionPolicy

__all__ = ["GracefulServer"]

_CLOSING = 1
"""How much of a shutdown is left for the store to close, in seconds."""
_LATE = 1
"""The exit status where that was not enough."""


class GracefulServer(uvicorn.Server):
    """A server that has ended when its time is over, whatever has not.

    Args:
        config: uvicorn's.
        policy: How each connection is treated.
        shutdown_timeout: How long a shutdown may take, in whole seconds.
        on_ready: Called once it answers requests.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        policy: ConnectionPolicy,
        shutdown_timeout: int,
        on_ready: Callable[[], None],
    ) -> None:
        config.timeout_graceful_shutdown = max(shutdown_timeout - _CLOSING, 0)
        super().__init__(config)
        self._policy = policy
        self._shutdown_timeout = shutdown_timeout
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer requests."""
        self._policy.put(self.lifespan.state)
        await super().startup(sockets)
        self._end_with_parent()
        self._on_ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to shut down, at a signal.

        A Ctrl-C reaches every process of a terminal; a worker leaves it to its parent.
        """
        if sig == signal.SIGINT and multiprocessing.parent_process():
            return
        if not self.should_exit:
            self._end_in_time()
        super().handle_exit(sig, frame)

    def note_exit(self, *_: object) -> None:
        """Take note of a signal that comes while uvicorn is not there to handle it."""
        self.should_exit = True

    def _end_with_parent(self) -> None:
        """Shut down when the process that started this one is gone: nobody could end it."""
        parent = multiprocessing.parent_process()
        if parent:
            loop = asyncio.get_running_loop()
            loop.add_reader(parent.sentinel, self._orphaned, loop, parent.sentinel)

    def _orphaned(self, loop: asyncio.AbstractEventLoop, sentinel: int) -> None:
        loop.remove_reader(sentinel)
        self.handle_exit(signal.SIGTERM, None)

    def _end_in_time(self) -> None:
        """End the process even where closing the store takes for ever: nothing is then promised."""
        timer = threading.Timer(self._shutdown_timeout, self._exit)
        timer.daemon = True
        timer.start()

    def _exit(self) -> None:
        sys.stderr.write(
            f"lyftr: not closed after {self._shutdown_timeout} s, ending all the same\n"
        )
        sys.stderr.flush()
        os._exit(_LATE)
