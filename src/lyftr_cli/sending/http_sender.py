"""Sends signed requests over HTTP/1.1, as a sender of webhooks would."""

from contextlib import suppress
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from http.client import HTTPException, IncompleteRead
from urllib.parse import SplitResult, urlsplit

import msgspec

from lyftr_cli.sending.timely_connection import Deadline, TimelyConnection, TimelyTlsConnection
from lyftr_core import SignedRequest

__all__ = ["MAX_BODY_SIZE", "HttpSender", "Response", "seconds_to_wait", "split_url"]

MAX_BODY_SIZE = 65_536
"""In bytes: what the wire contract lets a body have."""
_MAX_ANSWER = 1_048_576
_TAKEN = "must be as in http://127.0.0.1:8000/webhook"
_ENOUGH_DIGITS = 9
"""Seconds of so many digits are a third of a century."""


class Response(msgspec.Struct, frozen=True):
    """What a receiver answered.

    Attributes:
        status: Of HTTP; `None` where no answer came.
        body: The first MiB of it.
        failure: Why no answer came.
        retry_after: After how many seconds to come again, where it said so.
    """

    status: int | None
    body: bytes = b""
    failure: str = ""
    retry_after: float | None = None


class HttpSender:
    """Sends to one address, one request after the other.

    Args:
        url: `http` or `https`, with a host.
        timeout: How many seconds an answer may take, from connecting to its last byte.
        keep_open: Whether a connection is used again; else each request has its own.

    Raises:
        ValueError: The address is another one.
    """

    def __init__(self, url: str, *, timeout: float, keep_open: bool = False) -> None:
        self._url = split_url(url)
        self._target = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
        self._deadline = Deadline(timeout)
        self._keep_open = keep_open
        self._kept: TimelyConnection | None = None

    def send(self, request: SignedRequest, method: str = "POST") -> Response:
        """Send a request once.

        Never raises for what the receiver does: no answer is an answer too.
        """
        self._deadline.restart()
        try:
            if self._kept is not None:
                with suppress(ConnectionError, HTTPException):  # it may have been closed meanwhile
                    return self._send_over(self._kept, request, method)
            return self._send_over(self._connection(), request, method)
        # http.client passes on what `int` and `read` raise for the numbers of a receiver.
        except (OSError, HTTPException, ValueError, ArithmeticError) as exc:
            return Response(None, failure=str(exc) or type(exc).__name__)

    def close(self) -> None:
        """Close the connection that is kept, if any."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _send_over(
        self, connection: TimelyConnection, request: SignedRequest, method: str
    ) -> Response:
        self._kept = None
        is_free = False
        try:
            self._write(connection, request, method)
            response = connection.getresponse()
            body = response.read(_MAX_ANSWER)
            if response.length and len(body) < _MAX_ANSWER:  # `read` says so of chunks alone
                raise IncompleteRead(body, response.length)
            is_free = self._keep_open and response.isclosed() and not response.will_close
            return Response(response.status, body, retry_after=_longest_wait(response.headers))
        finally:
            if is_free:
                self._kept = connection
            else:
                connection.close()

    def _connection(self) -> TimelyConnection:
        kind = TimelyTlsConnection if self._url.scheme == "https" else TimelyConnection
        return kind(str(self._url.hostname), self._url.port, self._deadline)

    def _write(self, connection: TimelyConnection, request: SignedRequest, method: str) -> None:
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


def _longest_wait(headers: Message) -> float | None:
    """Read `Retry-After`; where it comes several times, the longest time counts."""
    waits = map(seconds_to_wait, headers.get_all("Retry-After", []))
    return max((wait for wait in waits if wait is not None), default=None)


def seconds_to_wait(retry_after: str | None) -> float | None:
    """Read the header `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date.

    Returns:
        Seconds from now, none below 0; `None` where the header is absent or neither.
    """
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return float(text.lstrip("0")[:_ENOUGH_DIGITS] or "0")
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, LookupError, ArithmeticError):
        return None  # the parser of the standard library raises all of these for odd text
    if moment.tzinfo is None:  # how `-0000` is read; a date of HTTP is in GMT
        moment = moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)


def split_url(url: str) -> SplitResult:
    """Return the parts of an address that webhooks can be sent to.

    Args:
        url: `http` or `https`, with a host.

    Raises:
        ValueError: The address is another one.
    """
    if not url.isascii() or any(char <= " " or char == "\x7f" for char in url):
        raise ValueError("must be visible ASCII characters")
    try:
        parts = urlsplit(url)
        _ = parts.port  # which raises where it is no port
        (parts.hostname or "").encode("idna")  # as each connection does
    except UnicodeError:
        raise ValueError("must name a host whose labels have 1 to 63 characters") from None
    except ValueError as exc:
        raise ValueError(f"{_TAKEN}: {exc}") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise ValueError(_TAKEN)
    return parts
