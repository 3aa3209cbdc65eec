"""The core inside an ASGI application without a framework.

https://asgi.readthedocs.io/en/stable/specs/www.html describes the events.
"""

import json
import os
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from examples.answers import ACCEPTED, MAX_BODY, TOO_LARGE, Answer, page, refusal
from examples.json_lines.repository import JsonLinesRepository
from lyftr_core import (
    HexHmacSha256,
    IngestMessage,
    ListMessages,
    LyftrError,
    MessageFilter,
    PageRequest,
    SignatureScheme,
    SignedRequest,
    UnconfiguredScheme,
)

__all__ = ["Inbox", "from_environment"]

Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]


def from_environment() -> "Inbox":
    """Make the application for `WEBHOOK_SECRET` and the file `INBOX`."""
    secret = os.environ.get("WEBHOOK_SECRET")
    scheme = HexHmacSha256(secret) if secret else UnconfiguredScheme()
    return Inbox(scheme, Path(os.environ.get("INBOX", "inbox.jsonl")))


class Inbox:
    """An ASGI application.

    Args:
        scheme: Verifies the webhooks.
        path: The file that keeps the messages.
    """

    def __init__(self, scheme: SignatureScheme, path: Path) -> None:
        self._scheme = scheme
        self._path = path
        self._ingest: IngestMessage
        self._list_messages: ListMessages

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        """Answer one request, or hold the file open while the server runs."""
        if scope["type"] == "lifespan":
            await self._serve(receive, send)
        elif scope["type"] == "http":
            with suppress(ConnectionError):  # it went away before its request was whole
                await _send(send, await self._answer(scope, receive))
        else:
            raise NotImplementedError(scope["type"])

    async def _serve(self, receive: Receive, send: Send) -> None:
        await receive()  # lifespan.startup
        async with AsyncExitStack() as stack:
            try:
                opening = JsonLinesRepository.open(self._path)
                repository = await stack.enter_async_context(opening)
            except (OSError, ValueError) as exc:
                await send({"type": "lifespan.startup.failed", "message": str(exc)})
                return
            self._ingest = IngestMessage(self._scheme, repository, lambda: datetime.now(UTC))
            self._list_messages = ListMessages(repository.reader)
            await send({"type": "lifespan.startup.complete"})
            await receive()  # lifespan.shutdown
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Event, receive: Receive) -> Answer:
        try:
            match scope["path"], scope["method"]:
                case "/webhook", "POST":
                    return await self._take_webhook(scope, receive)
                case "/messages", "GET":
                    return await self._show_page(scope["query_string"])
                case "/webhook", _:
                    return Answer(405, {"detail": "method not allowed"}, {"Allow": "POST"})
                case "/messages", _:
                    return Answer(405, {"detail": "method not allowed"}, {"Allow": "GET"})
                case _:
                    return Answer(404, {"detail": "not found"})
        except LyftrError as error:
            return refusal(error)

    async def _take_webhook(self, scope: Event, receive: Receive) -> Answer:
        body = await _read_body(receive)
        if body is None:
            return TOO_LARGE
        # As they came, one pair for each header: two of one name are not joined or dropped.
        headers = tuple((name, value) for name, value in scope["headers"])
        await self._ingest(SignedRequest(headers, body))
        return ACCEPTED  # the message is committed

    async def _show_page(self, query_string: bytes) -> Answer:
        query = parse_qs(query_string.decode("latin-1"))
        request = PageRequest(cursor=query.get("cursor", [None])[-1])
        return page(await self._list_messages(MessageFilter(), request))


async def _read_body(receive: Receive) -> bytes | None:
    """Return the body, or `None` as soon as it is longer than what is taken."""
    body = bytearray()
    more = True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise ConnectionAbortedError
        body += event.get("body", b"")
        more = event.get("more_body", False)
        if len(body) > MAX_BODY:
            return None
    return bytes(body)


async def _send(send: Send, answer: Answer) -> None:
    body = json.dumps(answer.content).encode()
    headers = {**answer.headers, "Content-Type": "application/json", "Content-Length": len(body)}
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [(name.lower().encode(), str(headers[name]).encode()) for name in headers],
        }
    )
    await send({"type": "http.response.body", "body": body})
