"""The server's end: who is there already is answered, however late the loop sees them."""

import asyncio
import socket
import time
from collections.abc import Callable

import pytest
import uvicorn
from litestar.types import Receive, Scope, Send

from lyftr_http.exchange.scope_state import ConnectionPolicy
from lyftr_http.server.graceful import GracefulServer
from lyftr_http.server.protocol import StrictHttpProtocol

_BUSY = 0.2
"""Longer than connections are accepted without a look for more, in seconds."""
_LONG = 60
"""What would end a connection that is not told that all is over, in seconds."""


async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"here", "more_body": False})


class BusyAtTheEnd(socket.socket):
    """A listening socket at whose end clients come, while the loop has no time for them."""

    def come(self, clients: Callable[[], None]) -> None:
        self._clients = clients

    def listen(self, backlog: int = 0, /) -> None:
        super().listen(backlog)
        if not backlog:
            asyncio.get_running_loop().call_soon(self._keep_busy)

    def _keep_busy(self) -> None:
        self._clients()
        time.sleep(_BUSY)


def end(server: GracefulServer) -> None:
    asyncio.get_running_loop().call_soon(setattr, server, "should_exit", True)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_who_came_while_the_loop_was_busy_is_answered(loop: uvicorn.config.LoopFactoryType) -> None:
    with BusyAtTheEnd() as listening, socket.socket() as client:
        listening.bind(("127.0.0.1", 0))
        address = listening.getsockname()

        def connect() -> None:
            client.connect(address)
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")

        listening.come(connect)
        policy = ConnectionPolicy(10, lambda _record: None)
        config = uvicorn.Config(
            answer,
            lifespan="off",
            loop=loop,
            http=StrictHttpProtocol,
            timeout_keep_alive=_LONG,
            log_config=None,
        )
        server = GracefulServer(config, policy, _LONG, lambda: end(server))
        began = time.monotonic()
        server.run(sockets=[listening])
        assert time.monotonic() - began < _LONG / 2
        received = b"".join(iter(lambda: client.recv(65536), b""))
    assert received.startswith(b"HTTP/1.1 200 ")
    assert b"here" in received
