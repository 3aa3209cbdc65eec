"""Around every request, whatever answers it: its identifier, its log line, its metrics.

It wraps the application's ASGI handler, since middleware would not see 404 and 405.
"""

import asyncio
import time
from collections.abc import Awaitable

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from lyftr_core import StorageUnavailable
from lyftr_http.error_answers import CLIENT_CLOSED_REQUEST, SHUTTING_DOWN
from lyftr_http.metrics import Metrics
from lyftr_http.request_ids import RequestIds
from lyftr_http.request_record import RequestRecord

__all__ = ["Observation"]

UNMATCHED = "unmatched"
"""The path label of what no route matched."""

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
        self._ids = RequestIds()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        path = scope["path"]
        record = RequestRecord(self._ids.of(scope["headers"]))
        record.attach(scope)
        answer = _noting(send, record)
        try:
            await self._app(scope, receive, answer)
        except asyncio.CancelledError:
            if record.status is not None:
                raise
            # The server's patience with a shutdown is over. Answered, this request is at its end.
            record.error = StorageUnavailable("shutting down")
            await SHUTTING_DOWN.send(answer)
        finally:
            self._note(scope, path, record, time.perf_counter() - started)
            # Through its traceback the error holds this very frame, and so the request's body.
            record.error = None

    def _note(self, scope: HTTPScope, path: str, record: RequestRecord, seconds: float) -> None:
        method = scope["method"]
        status = record.status or CLIENT_CLOSED_REQUEST
        fields = {
            "request_id": record.request_id,
            "method": method,
            "path": path,
            "status": status,
            "latency_ms": round(seconds * 1000, 3),
        }
        label = method if method in _METHODS else "other"
        template = scope.get("path_template") or UNMATCHED
        self._metrics.count_request(label, template, status, seconds)
        if result := record.webhook_result:
            self._metrics.count_webhook(result)
            fields |= record.webhook_fields(result)
        if status < _SERVER_ERROR:
            self._log.info("request", **fields)
        elif status == _UNAVAILABLE:
            self._log.warning("request", **fields, error=str(record.error))
        else:
            self._log.error("request", **fields, exc_info=record.error)


def _noting(send: Send, record: RequestRecord) -> Send:
    """Note the status of the answer, and add the identifier to it."""

    def note_and_send(message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            record.status = message["status"]
            identifier = (b"x-request-id", record.request_id.encode())
            message["headers"] = [*message["headers"], identifier]
        return send(message)

    return note_and_send
