"""A whole answer as a value that no framework is needed to send."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from litestar.types import HTTPResponseBodyEvent, HTTPResponseStartEvent, Send

from lyftr_http.exchange.representations import Problem, encode

__all__ = [
    "CLIENT_CLOSED_REQUEST",
    "HEAD_TOO_LARGE",
    "INVALID_REQUEST",
    "MEDIA_TYPE",
    "RETRY_LATER",
    "SHUTTING_DOWN",
    "UPGRADE_REFUSED",
    "Answer",
]

MEDIA_TYPE = "application/json"


class Answer:
    """An answer in JSON, encoded once however often it is sent.

    Args:
        status: The HTTP status.
        content: What the body says.
        headers: Those beyond the type and the length of the body.

    Attributes:
        status: As given.
        headers: As given.
        body: The content as JSON.
        head: All headers, as they are sent.
    """

    __slots__ = ("body", "head", "headers", "status")

    def __init__(
        self, status: int, content: msgspec.Struct, headers: Mapping[str, str] | None = None
    ) -> None:
        self.status = status
        self.headers = dict(headers or {})
        self.body = encode(content)
        head = self.headers | {"content-type": MEDIA_TYPE, "content-length": str(len(self.body))}
        self.head = [(name.lower().encode(), value.encode()) for name, value in head.items()]

    async def send(self, send: Send) -> None:
        """Send it over ASGI."""
        start: HTTPResponseStartEvent = {
            "type": "http.response.start",
            "status": self.status,
            "headers": self.head,
        }
        rest: HTTPResponseBodyEvent = {
            "type": "http.response.body",
            "body": self.body,
            "more_body": False,
        }
        await send(start)
        await send(rest)


CLIENT_CLOSED_REQUEST = 499
"""Logged where the client went away before its request was whole; nobody receives an answer."""


RETRY_LATER = {"Retry-After": "1"}
"""In seconds: what passes by itself passes soon."""


SHUTTING_DOWN = Answer(
    HTTPStatus.SERVICE_UNAVAILABLE, Problem("shutting down, try again"), RETRY_LATER
)
"""For requests still in flight when the time for a shutdown is over."""


HEAD_TOO_LARGE = Answer(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, Problem("more than 16 KiB or 100 headers")
)


INVALID_REQUEST = Answer(HTTPStatus.BAD_REQUEST, Problem("Invalid HTTP request received."))


UPGRADE_REFUSED = Answer(
    HTTPStatus.BAD_REQUEST, Problem("upgrade to another protocol is not supported")
)
