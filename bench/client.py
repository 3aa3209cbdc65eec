"""A small HTTP client on one connection, so that little but the server's time is measured."""

import re
import socket
import time
from types import TracebackType
from typing import NamedTuple, Self

__all__ = ["Answer", "Client"]

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_PATIENCE = 60.0
_IDLE = 2.0
_RECEIVE = 65_536


class Answer(NamedTuple):
    """An answer, and how many seconds it took from the first byte sent to the last received."""

    status: int
    body: bytes
    seconds: float


class Client:
    """Asks one server, one request after the other.

    Args:
        port: The server's, on the loopback address.

    Raises:
        OSError: It cannot be connected to.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket = _connect(port)
        self._used = time.monotonic()

    def get(self, target: str) -> Answer:
        """Ask for a path with its query, both percent-encoded.

        Raises:
            OSError: The connection broke.
        """
        self._connect_anew_if_idle()
        request = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
        started = time.perf_counter()
        self._socket.sendall(request)
        head, body = self._receive()
        seconds = time.perf_counter() - started
        self._used = time.monotonic()
        return Answer(int(head[9:12]), body, seconds)

    def _connect_anew_if_idle(self) -> None:
        """Servers close connections that are not used; uvicorn does after five seconds."""
        if time.monotonic() - self._used > _IDLE:
            self._socket.close()
            self._socket = _connect(self._port)

    def _receive(self) -> tuple[bytes, bytes]:
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._receive_some()
        head, _, body = received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        while length and len(body) < int(length[1]):
            body += self._receive_some()
        return head, body

    def _receive_some(self) -> bytes:
        some = self._socket.recv(_RECEIVE)
        if not some:
            raise ConnectionError("the server closed the connection")
        return some

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._socket.close()


def _connect(port: int) -> socket.socket:
    connected = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connected
