"""The core inside a Flask application: coroutines behind a server that knows threads only.

Why not `async def` views, or `asyncio.run` in each view: both make a new event loop for each
request. A repository belongs to one loop, where its locks, its connection or its group commit
are, and two requests at once would meet on it from two loops. So there is one loop, in a thread of
its own, for as long as the process lives, and each view waits for what it sends there.
"""

import asyncio
import atexit
import os
import threading
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from flask import Flask, Response, json, jsonify, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from examples.answers import ACCEPTED, MAX_BODY, Answer, page, refusal
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

__all__ = ["LoopThread", "create_app", "from_environment"]

_T = TypeVar("_T")


def from_environment() -> Flask:
    """Make the application for `WEBHOOK_SECRET` and the file `INBOX`.

    A server that forks must call this in each child, as threads do not survive a fork.
    """
    secret = os.environ.get("WEBHOOK_SECRET")
    scheme = HexHmacSha256(secret) if secret else UnconfiguredScheme()
    loop, stack = LoopThread(), AsyncExitStack()
    opening = JsonLinesRepository.open(Path(os.environ.get("INBOX", "inbox.jsonl")))
    repository = loop.run(stack.enter_async_context(opening))
    atexit.register(lambda: loop.run(stack.aclose()))
    return create_app(scheme, repository, loop)


class LoopThread:
    """An event loop that runs in a thread until the process ends."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run a coroutine on the loop, and wait for it in the calling thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


def create_app(scheme: SignatureScheme, repository: JsonLinesRepository, loop: LoopThread) -> Flask:
    """Make the application.

    Args:
        scheme: Verifies the webhooks.
        repository: Keeps the messages.
        loop: The loop on which the repository was opened.
    """
    ingest = IngestMessage(scheme, repository, clock=lambda: datetime.now(UTC))
    list_messages = ListMessages(repository.reader)
    app = Flask(__name__)
    # One more than is taken: a body whose length is not told before is cut off there in silence.
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY + 1
    app.register_error_handler(LyftrError, lambda error: _response(refusal(error)))
    app.register_error_handler(HTTPException, _as_json)

    @app.post("/webhook")
    def receive() -> Response:
        loop.run(ingest(_signed_request()))
        return _response(ACCEPTED)  # the message is committed

    @app.get("/messages")
    def messages() -> Response:
        asked = PageRequest(cursor=request.args.get("cursor"))
        return _response(page(loop.run(list_messages(MessageFilter(), asked))))

    return app


def _signed_request() -> SignedRequest:
    """Return the request as it was sent, as far as WSGI lets one see that.

    A WSGI server joins headers of one name with commas before Flask sees them. A signature that
    was sent twice arrives as `abc…,abc…`, which is no signature: it cannot verify, so it is
    refused, as the scheme has it for two headers.
    """
    body = request.get_data(cache=False)
    if len(body) > MAX_BODY:
        raise RequestEntityTooLarge
    return SignedRequest.from_text(request.headers.items(), body)


def _response(answer: Answer) -> Response:
    response = jsonify(answer.content)
    response.status_code = answer.status
    response.headers.update(answer.headers)
    return response


def _as_json(error: HTTPException) -> Response:
    response = Response(json.dumps({"detail": error.description}), error.code)
    response.headers.update(error.get_headers())  # `Allow` is one of them
    response.content_type = "application/json"
    return response
