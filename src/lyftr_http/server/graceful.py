"""uvicorn's server, which ends in time and together with the process that started it."""

import asyncio
import multiprocessing
import os
import select
import signal
import socket
from collections.abc import Callable, Sequence
from types import FrameType

import uvicorn

from lyftr_http.exchange.scope_state import ConnectionPolicy
from lyftr_http.server.exit_deadline import ExitDeadline

__all__ = ["GracefulServer"]

_CLOSING = 0.5
"""How much of a shutdown is left for the store to close, in seconds."""
_LAST_ACCEPTS = 0.05
"""How long connections are accepted that the system holds already, in seconds."""
_LOOKS = 100
"""How often it is looked at most whether there are more of these."""
_LOOK = 0.01
"""From one look to the next, in seconds."""


class GracefulServer(uvicorn.Server):
    """A server that has ended when its time is over, whatever has not.

    Args:
        config: uvicorn's.
        policy: How each connection is treated.
        shutdown_timeout: How long a shutdown may take, in seconds.
        on_ready: Called once it answers requests.
        on_shutdown: Called as it begins to shut down, to end what would not end by itself.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        policy: ConnectionPolicy,
        shutdown_timeout: float,
        on_ready: Callable[[], None],
        on_shutdown: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(config)
        self._policy = policy
        self._deadline = ExitDeadline(shutdown_timeout)
        self._on_ready = on_ready
        self._on_shutdown = on_shutdown

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer requests."""
        self._policy.put(self.lifespan.state)
        await super().startup(sockets)
        self._end_with_parent()
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take the connections that are there already, and finish what is in flight."""
        self._on_shutdown()
        await _accept_last(sockets or [])
        # Some of these are known to the server only after it has told all others.
        asyncio.get_running_loop().call_later(_LAST_ACCEPTS, self._tell_connections)
        patience = max(self._deadline.left() - _CLOSING, 0)
        self.config.timeout_graceful_shutdown = patience  # type: ignore[assignment] # asyncio, which gets it, takes fractions
        await super().shutdown(sockets)

    def _tell_connections(self) -> None:
        for connection in list(self.server_state.connections):
            connection.shutdown()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to shut down, at a signal.

        A Ctrl-C reaches every process of a terminal; a worker leaves it to its parent.
        """
        if sig == signal.SIGINT and multiprocessing.parent_process():
            return
        if self.should_exit:
            return  # a second one changes nothing: it ends in time as it is
        self._deadline.begin()
        super().handle_exit(sig, frame)

    def note_exit(self, *_: object) -> None:
        """Take note of a signal that comes while uvicorn is not there to handle it.

        A worker that is still starting has nothing to finish, but a listening socket on which
        clients would wait for it.
        """
        if self.started:
            return  # it has shut down, and uvicorn raises the signal again
        if multiprocessing.parent_process():
            os._exit(0)
        self._deadline.begin()
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


async def _accept_last(sockets: Sequence[socket.socket]) -> None:
    """Let the loop accept who is there; those whom it has not had time for yet, too.

    Whoever waits when the socket is closed has perhaps sent a request, and gets no answer.
    """
    for listening in sockets:
        listening.listen(0)
    await asyncio.sleep(_LAST_ACCEPTS)
    for _ in range(_LOOKS):
        if not _is_waited_for(sockets):
            break
        await asyncio.sleep(_LOOK)


def _is_waited_for(sockets: Sequence[socket.socket]) -> bool:
    """Tell whether the system holds a connection that was not accepted yet."""
    looking = select.poll()
    for listening in sockets:
        looking.register(listening, select.POLLIN)
    return bool(looking.poll(0))
