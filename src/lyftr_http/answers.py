"""A whole answer as a value that no framework is needed to send."""

from collections.abc import Mapping

import msgspec
from litestar.types import HTTPResponseBodyEvent, HTTPResponseStartEvent, Send

from lyftr_http.responses import encode

__all__ = ["MEDIA_TYPE", "Answer"]

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
