"""A bare ASGI application: what a webhook costs without framework, log, metrics or request id."""

import argparse
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import uvicorn

from lyftr_core import HexHmacSha256, InvalidSignature, Message, MessageWriter, SignedRequest
from lyftr_http.server.protocol import StrictHttpProtocol

__all__ = ["BareApp", "serve"]

Writer = AbstractAsyncContextManager[MessageWriter]
Event = dict[str, Any]
_LENGTH = b"content-length"
_HEADERS = [(b"content-type", b"application/json")]
_OK = 200, b'{"status":"ok"}'
_INVALID_SIGNATURE = 401, b'{"detail":"invalid signature"}'


class _Wire(msgspec.Struct, gc=False):
    message_id: str
    sender: str = msgspec.field(name="from")
    recipient: str = msgspec.field(name="to")
    ts: datetime
    text: str | None = None


_decode = msgspec.json.Decoder(_Wire).decode


class BareApp:
    """Answers every request as a webhook, and a GET with 200.

    Args:
        secret: Verifies the signatures.
        writer: Opened with the application, closed with it.
    """

    def __init__(self, secret: str, writer: Writer) -> None:
        self._scheme = HexHmacSha256(secret)
        self._opening = writer
        self._writer: MessageWriter

    async def __call__(
        self,
        scope: Event,
        receive: Callable[[], Awaitable[Event]],
        send: Callable[[Event], Awaitable[None]],
    ) -> None:
        """Answer one request, or live through the lifespan."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        body = b""
        more = True
        while more:
            event = await receive()
            body += event.get("body", b"")
            more = event.get("more_body", False)
        status, content = _OK if scope["method"] == "GET" else await self._take(scope, body)
        headers = [*_HEADERS, (_LENGTH, b"%d" % len(content))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _take(self, scope: Event, body: bytes) -> tuple[int, bytes]:
        try:
            content = self._scheme.verify(SignedRequest(tuple(scope["headers"]), body)).content
        except InvalidSignature:
            return _INVALID_SIGNATURE
        wire = _decode(content)
        message = Message(
            message_id=wire.message_id,
            sender=wire.sender,
            recipient=wire.recipient,
            ts=wire.ts,
            text=wire.text,
        )
        await self._writer.add(message, received_at=datetime.now(UTC))
        return _OK

    async def _live(
        self,
        receive: Callable[[], Awaitable[Event]],
        send: Callable[[Event], Awaitable[None]],
    ) -> None:
        await receive()
        async with self._opening as self._writer:
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


def serve(
    make_writer: Callable[[Path], Writer],
    arguments: Sequence[str] | None = None,
) -> None:
    """Serve a bare application on uvicorn, configured as `lyftr serve` configures it.

    Args:
        make_writer: Makes the writer of a database file.
        arguments: The port; by default from the command line.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    port: int = parser.parse_args(arguments).port
    database = Path(os.environ["DATABASE_URL"].removeprefix("sqlite:///"))
    config = uvicorn.Config(
        BareApp(os.environ["WEBHOOK_SECRET"], make_writer(database)),
        port=port,
        http=StrictHttpProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
    )
    uvicorn.Server(config).run()
