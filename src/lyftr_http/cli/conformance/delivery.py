"""Sends a case to the receiver over HTTP/1.1, each on a connection of its own."""

import time
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import SplitResult, urlsplit

import msgspec

from lyftr_core import SignedRequest

__all__ = ["TRY_LATER", "Answer", "Receiver"]

TRY_LATER = {429, 503}
"""How a receiver asks for patience."""
_TRIES = 4
_LONGEST_PAUSE = 5.0
"""In seconds: how long a receiver that asks for patience is given, at most."""
_MAX_ANSWER = 1_048_576


class Answer(msgspec.Struct, frozen=True):
    """What a receiver answered.

    Attributes:
        status: Of HTTP; `None` where no answer came.
        body: The first MiB of it.
        failure: Why no answer came.
    """

    status: int | None
    body: bytes = b""
    failure: str = ""


class Receiver:
    """Takes webhooks at an address.

    Args:
        url: `http` or `https`, with a host.
        timeout: How many seconds it may take to connect, and to send each piece of its answer.
        sleep: Waits so many seconds.

    Raises:
        ValueError: The address is another one.
    """

    def __init__(
        self, url: str, *, timeout: float, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._url = _split(url)
        self._target = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
        self._timeout = timeout
        self._sleep = sleep

    def send(self, request: SignedRequest, method: str = "POST") -> Answer:
        """Send a request, and again where the receiver asks for patience (429, 503).

        Never raises for what the receiver does: no answer is an answer too.
        """
        for _ in range(_TRIES - 1):
            answer, pause = self._send_once(request, method)
            if answer.status not in TRY_LATER:
                return answer
            self._sleep(pause)
        return self._send_once(request, method)[0]

    def _send_once(self, request: SignedRequest, method: str) -> tuple[Answer, float]:
        connection = self._connection()
        try:
            self._write(connection, request, method)
            response = connection.getresponse()
            answer = Answer(response.status, response.read(_MAX_ANSWER))
            return answer, _pause(response.headers.get("Retry-After"))
        except (OSError, HTTPException) as exc:
            return Answer(None, failure=str(exc) or type(exc).__name__), 0.0
        finally:
            connection.close()

    def _connection(self) -> HTTPConnection:
        kind = HTTPSConnection if self._url.scheme == "https" else HTTPConnection
        return kind(str(self._url.hostname), self._url.port, timeout=self._timeout)

    def _write(self, connection: HTTPConnection, request: SignedRequest, method: str) -> None:
        """Write the headers one by one, as a name may come twice and a value be no text."""
        connection.putrequest(method, self._target, skip_accept_encoding=True)
        if method == "POST":
            connection.putheader("Content-Type", "application/json")
            connection.putheader("Content-Length", str(len(request.body)))
        for name, value in request.headers:
            connection.putheader(name.decode("latin-1"), value)
        connection.endheaders()
        # A receiver may answer before it has read all of a body that it refuses.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.send(request.body)


def _split(url: str) -> SplitResult:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise ValueError("must be as in http://127.0.0.1:8000/webhook")
    _ = parts.port  # which raises where it is no port
    if not url.isascii() or any(char <= " " for char in url):
        raise ValueError("must be visible ASCII characters")
    return parts


def _pause(retry_after: str | None) -> float:
    try:
        seconds = float(retry_after or 1)
    except ValueError:
        seconds = 1.0  # it may be a date
    return min(max(seconds, 0.0), _LONGEST_PAUSE)
