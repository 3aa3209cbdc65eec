"""Around every request, whatever answers it: its identifier, its log line, its metrics.

It wraps the application's ASGI handler, since middleware would not see 404 and 405.
"""

import asyncio
import re
import secrets
import time

import structlog
from litestar.enums import ScopeType
from litestar.types import (
    ASGIApp,
    HTTPResponseBodyEvent,
    HTTPResponseStartEvent,
    HTTPScope,
    Message,
    Receive,
    ReceiveMessage,
    Scope,
    Send,
)

from lyftr_core import StorageUnavailable
from lyftr_http.error_answers import RETRY_LATER
from lyftr_http.metrics import Metrics
from lyftr_http.request_record import RequestRecord
from lyftr_http.responses import Problem, encode

__all__ = ["Observation"]

UNMATCHED = "unmatched"
"""The path label of what no route matched."""
CLIENT_CLOSED_REQUEST = 499
"""Logged where the client went away before its request was whole; nobody received an answer."""

_REQUEST_ID = re.compile(rb"[\x21-\x7e]{1,128}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})
_SERVER_ERROR = 500
_UNAVAILABLE = 503


class Observation:
    """ASGI application that observes another.

    Args:
        app: What answers.
        log: Gets one line a request.
        metrics: Counts the requests.
    """

    def __init__(
        self, app: ASGIApp, log: structlog.typing.FilteringBoundLogger, metrics: Metrics
    ) -> None:
        self._app = app
        self._log = log
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        path = scope["path"]
        record = RequestRecord(_request_id(scope))
        record.attach(scope)
        answer = _noting_answer(send, record)
        try:
            await self._app(scope, _noting_departure(receive, record), answer)
        except asyncio.CancelledError:
            if record.answered:
                raise
            # The server's patience with a shutdown is over. Answered, this request is at its end.
            await _answer_shutting_down(answer, record)
        finally:
            self._note(scope, path, record, time.perf_counter() - started)

    def _note(self, scope: HTTPScope, path: str, record: RequestRecord, seconds: float) -> None:
        status = record.status or CLIENT_CLOSED_REQUEST
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.count_request(
            method, scope.get("path_template") or UNMATCHED, status, seconds
        )
        if record.webhook_result:
            self._metrics.count_webhook(record.webhook_result)
        fields = {
            "request_id": record.request_id,
            "method": scope["method"],
            "path": path,
            "status": status,
            "latency_ms": round(seconds * 1000, 3),
            **record.webhook_fields(),
        }
        if status == _UNAVAILABLE:
            self._log.warning("request", **fields, error=str(record.error))
        elif status >= _SERVER_ERROR:
            self._log.error("request", **fields, exc_info=record.error)
        else:
            self._log.info("request", **fields)


def _request_id(scope: HTTPScope) -> str:
    given = [value for name, value in scope["headers"] if name == b"x-request-id"]
    if len(given) == 1 and _REQUEST_ID.fullmatch(given[0]):
        return given[0].decode()
    return secrets.token_hex(16)


async def _answer_shutting_down(send: Send, record: RequestRecord) -> None:
    record.error = StorageUnavailable("shutting down")
    body = encode(Problem("shutting down, try again"))
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *((name.lower().encode(), value.encode()) for name, value in RETRY_LATER.items()),
    ]
    await send(
        HTTPResponseStartEvent(type="http.response.start", status=_UNAVAILABLE, headers=headers)
    )
    await send(HTTPResponseBodyEvent(type="http.response.body", body=body, more_body=False))


def _noting_departure(receive: Receive, record: RequestRecord) -> Receive:
    async def receive_and_note() -> ReceiveMessage:
        message = await receive()
        if message["type"] == "http.disconnect" and record.status is None:
            record.status = CLIENT_CLOSED_REQUEST
        return message

    return receive_and_note


def _noting_answer(send: Send, record: RequestRecord) -> Send:
    async def send_and_note(message: Message) -> None:
        if message["type"] == "http.response.start":
            record.answered = True
            record.status = record.status or message["status"]
            identifier = (b"x-request-id", record.request_id.encode())
            message["headers"] = [*message["headers"], identifier]
        await send(message)

    return send_and_note
