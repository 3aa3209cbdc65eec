"""Connections of `http.client` on which everything together has to be over in time.

The timeout of a socket begins again with every byte, so that a receiver could go on forever.
"""

import io
import socket
import time
from functools import partial
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import Any

__all__ = ["Deadline", "TimelyConnection", "TimelyTlsConnection"]

_PIECE = 16_384
"""In bytes: what TLS encrypts, and so sends, at once."""


class Deadline:
    """The moment at which a request and its answer have to be over.

    Args:
        seconds: How long both may take from `restart` on.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.restart()

    def restart(self) -> None:
        """Let the time begin now."""
        self._end = time.monotonic() + self._seconds

    def left(self) -> float:
        """Return how many seconds are left.

        Raises:
            TimeoutError: None are.
        """
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("timed out")
        return seconds

    def connect(self, address: tuple[str, int], *_: object) -> socket.socket:
        """Connect to the first address of a host that answers, as `socket.create_connection` does.

        Each address gets an equal part of the time that is left, as one of them may be dead.

        Raises:
            OSError: None answers.
        """
        places = [place for *_, place in socket.getaddrinfo(*address, type=socket.SOCK_STREAM)]
        for index, place in enumerate(places, 1):
            try:
                share = self.left() / (len(places) - index + 1)
                connected = socket.create_connection((str(place[0]), address[1]), share)
            except OSError:
                if index == len(places):
                    raise
            else:
                connected.settimeout(self.left())  # for the handshake of TLS
                return connected
        raise OSError("the host has no address")


class TimelyConnection(HTTPConnection):
    """A connection over which an answer comes in time or not at all.

    Args:
        host: Where to connect to.
        port: `None` for the usual one.
        deadline: When all has to be over; whoever sends another request restarts it.
    """

    def __init__(self, host: str, port: int | None, deadline: Deadline) -> None:
        super().__init__(host, port)
        self._deadline = deadline
        # What `connect` calls, for both kinds of connections.
        self._create_connection = deadline.connect
        self.response_class = partial(_TimelyResponse, deadline)  # type: ignore[assignment] # it is only called

    def send(self, data: Any) -> None:  # noqa: ANN401 - as the base class has it; bytes come here
        """Write some bytes, in pieces for each of which the time that is left counts."""
        if self.sock is None:
            self.connect()
        for start in range(0, len(data), _PIECE):
            self.sock.settimeout(self._deadline.left())
            super().send(data[start : start + _PIECE])


class TimelyTlsConnection(TimelyConnection, HTTPSConnection):
    """The same with TLS."""


class _TimelyResponse(HTTPResponse):
    def __init__(self, deadline: Deadline, sock: socket.socket, **options: Any) -> None:  # noqa: ANN401 - as the base class has them
        super().__init__(sock, **options)
        self.fp = io.BufferedReader(_TimelyReader(deadline, sock, self.fp.detach()))


class _TimelyReader(io.RawIOBase):
    """Reads from a socket as long as there is time left."""

    def __init__(self, deadline: Deadline, sock: socket.socket, raw: io.RawIOBase) -> None:
        self._deadline = deadline
        self._sock = sock
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - as the base class has it
        self._sock.settimeout(self._deadline.left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()  # the socket stays open until then
        super().close()
