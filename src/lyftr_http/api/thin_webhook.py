"""The way of `POST /webhook` past the framework, whose machinery costs more than the rest of it.

It takes the one ordinary spelling of that request; everything else goes the framework's way, and
gets the same answers, since both share the function that takes a webhook in and the answers to
errors. See ADR 0006.
"""

import re
from collections.abc import Callable

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from lyftr_core import IngestMessage
from lyftr_http.api.take_in import ACCEPTED, PATH, take_in
from lyftr_http.exchange.answer import Answer
from lyftr_http.exchange.errors import answer_to
from lyftr_http.exchange.in_flight import InFlight
from lyftr_http.exchange.scope_state import request_record

__all__ = ["ThinWebhook"]

_RAW_PATH = PATH.encode()
_ACCEPTED = Answer(200, ACCEPTED)
# Of another host the framework decides whether it is one.
_ORDINARY_HOST = re.compile(rb"[0-9A-Za-z.:\-\[\]]*").fullmatch


class ThinWebhook:
    """ASGI application that answers `POST /webhook` itself, and leaves the rest to another.

    Args:
        app: What answers the rest.
        ingest_message: Gives the use case, anew for each request.
        in_flight: Limits how many webhooks are worked on at once.
    """

    def __init__(
        self, app: ASGIApp, ingest_message: Callable[[], IngestMessage], in_flight: InFlight
    ) -> None:
        self._app = app
        self._ingest_message = ingest_message
        self._in_flight = in_flight

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != ScopeType.HTTP or not _is_ordinary(scope):
            await self._app(scope, receive, send)
            return
        scope["path_template"] = PATH
        try:
            await take_in(scope, receive, self._ingest_message(), self._in_flight)
        except Exception as exc:  # noqa: BLE001 - every error has its answer
            request_record(scope).error = exc
            answer = answer_to(exc)
        else:
            answer = _ACCEPTED
        await answer.send(send)


def _is_ordinary(scope: HTTPScope) -> bool:
    if scope["method"] != "POST" or scope.get("raw_path") != _RAW_PATH or scope.get("root_path"):
        return False
    for name, value in scope["headers"]:
        if name == b"host" and not _ORDINARY_HOST(value):
            return False
    return True
