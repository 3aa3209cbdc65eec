"""Around every request, whatever answers it: its identifier, security headers, notes about it.

It wraps the application's ASGI handler, since middleware would not see 404 and 405. What becomes of
the notes is in `lyftr_http.observability.access_log`.
"""

import asyncio
import time
from collections.abc import Awaitable

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from lyftr_core import StorageUnavailable
from lyftr_http.exchange.answer import SHUTTING_DOWN
from lyftr_http.exchange.errors import answer_to
from lyftr_http.exchange.headers import with_security_headers
from lyftr_http.exchange.record import RequestRecord
from lyftr_http.exchange.scope_state import attach_record
from lyftr_http.observability.access_log import AccessLog
from lyftr_http.observability.request_ids import RequestIds

__all__ = ["Observation"]


class Observation:
    """ASGI application that observes another.

    Args:
        app: What answers.
        access_log: Gets the notes on each request.
    """

    def __init__(self, app: ASGIApp, access_log: AccessLog) -> None:
        self._app = app
        self._access_log = access_log
        self._ids = RequestIds()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        record = RequestRecord(self._ids.of(scope["headers"]), scope["method"], scope["path"])
        attach_record(scope, record)
        answer = _noting(send, record)
        try:
            await self._app(scope, receive, answer)
        except asyncio.CancelledError:
            if record.answered:
                raise
            # The server's patience with a shutdown is over. Answered, this request is at its end.
            record.error = StorageUnavailable("shutting down")
            await SHUTTING_DOWN.send(answer)
        except Exception as exc:
            if record.answered:
                raise
            # The server would answer it too, but neither in JSON nor with what every answer has.
            record.error = exc
            await answer_to(exc).send(answer)
        finally:
            record.seconds = time.perf_counter() - started
            record.template = scope.get("path_template")
            self._access_log.add(record)


def _noting(send: Send, record: RequestRecord) -> Send:
    """Note the status of the answer, and add what every answer has."""

    def note_and_send(message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            record.status, record.answered = message["status"], True
            headers = with_security_headers(message["headers"])
            headers.append((b"x-request-id", record.request_id.encode()))
            message["headers"] = headers
        return send(message)

    return note_and_send
