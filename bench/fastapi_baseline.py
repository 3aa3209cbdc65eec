"""What people would write instead: the same webhook in FastAPI, pydantic and aiosqlite.

Well made of its kind: one module, no needless work, the same rules, the same durability, a
metrics and a log line a request. Each request is one insert and one commit.
"""

import argparse
import hashlib
import hmac
import json
import logging
import os
import re
import sys
import time
import uuid
from asyncio import Lock
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Protocol

import aiosqlite
import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["AnyInbox", "Inbox", "Observation", "Webhook", "create_app", "open_inbox", "serve"]

_E164 = r"^\+[1-9][0-9]{1,14}$"
_NO_CONTROL = r"^[^\x00-\x1f\x7f-\x9f]*$"
_NO_NUL = r"^[^\x00]*$"
_TS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", re.ASCII)
_MIDNIGHT_OF_THE_NEXT_DAY = "T24"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id TEXT NOT NULL UNIQUE,
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    ts TEXT NOT NULL,
    text TEXT,
    received_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_by_ts ON messages (ts, message_id);
CREATE INDEX IF NOT EXISTS messages_by_sender ON messages (sender, ts);
"""
_INSERT = """
INSERT OR IGNORE INTO messages (message_id, sender, recipient, ts, text, received_at)
VALUES (?, ?, ?, ?, ?, ?)
"""


def _existing_time(value: str) -> str:
    if _TS.fullmatch(value) is None or _MIDNIGHT_OF_THE_NEXT_DAY in value:
        raise ValueError("must be an RFC 3339 time in UTC")
    datetime.fromisoformat(value)
    return value


class Webhook(BaseModel):
    """The body of a webhook."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    message_id: Annotated[str, Field(min_length=1, max_length=255, pattern=_NO_CONTROL)]
    sender: Annotated[str, Field(alias="from", pattern=_E164)]
    recipient: Annotated[str, Field(alias="to", pattern=_E164)]
    ts: Annotated[str, AfterValidator(_existing_time)]
    text: Annotated[str | None, Field(max_length=4096, pattern=_NO_NUL)] = None


class AnyInbox(Protocol):
    """Where messages are stored."""

    async def add(self, message: Webhook) -> bool:
        """Store a message durably; return whether it was new."""
        ...


class Inbox:
    """The messages, on one connection that one request uses at a time."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._turn = Lock()

    async def add(self, message: Webhook) -> bool:
        """Store a message durably; return whether it was new."""
        row = (
            message.message_id,
            message.sender,
            message.recipient,
            message.ts,
            message.text,
            datetime.now(UTC).isoformat(),
        )
        async with self._turn:
            cursor = await self._connection.execute(_INSERT, row)
            await self._connection.commit()
        return cursor.rowcount == 1


class Observation:
    """ASGI middleware: a request id, two metrics and one line of JSON for each request."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        self._log = logging.getLogger("baseline")
        self._requests = Counter(
            "http_requests", "Requests.", ["method", "path", "status"], registry=registry
        )
        self._durations = Histogram(
            "http_request_duration_seconds", "Time.", ["method", "path"], registry=registry
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = uuid.uuid4().hex
        status = 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", request_id.encode()),
                ]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            self._note(scope, request_id, status, time.perf_counter() - started)

    def _note(self, scope: Scope, request_id: str, status: int, seconds: float) -> None:
        method = scope["method"]
        path = getattr(scope.get("route"), "path", "unmatched")
        self._requests.labels(method, path, status).inc()
        self._durations.labels(method, path).observe(seconds)
        fields = {
            "request_id": request_id,
            "method": method,
            "path": scope["path"],
            "status": status,
            "latency_ms": round(seconds * 1000, 3),
            **scope.get("state", {}).get("fields", {}),
        }
        self._log.info("request", extra={"fields": fields})


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        timestamp = datetime.fromtimestamp(record.created, UTC).isoformat()
        line = {"timestamp": timestamp, "level": record.levelname, "event": record.getMessage()}
        return json.dumps(line | getattr(record, "fields", {}))


@asynccontextmanager
async def open_inbox(database: str) -> AsyncIterator[Inbox]:
    """Open a SQLite file."""
    async with aiosqlite.connect(database) as connection:
        await connection.execute("PRAGMA journal_mode=WAL")
        await connection.execute("PRAGMA synchronous=FULL")
        await connection.executescript(_SCHEMA)
        yield Inbox(connection)


def create_app(secret: str, opening: AbstractAsyncContextManager[AnyInbox]) -> FastAPI:
    """Make the application.

    Args:
        secret: Verifies the signatures.
        opening: Opens the database, and closes it at the end.
    """
    registry = CollectorRegistry()
    results = Counter("webhook_requests", "Webhooks.", ["result"], registry=registry)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with opening as app.state.inbox:
            yield

    async def verified_body(request: Request) -> bytes:
        body = await request.body()
        expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        given = request.headers.get("x-signature", "").lower().removeprefix("sha256=")
        if not hmac.compare_digest(given.encode(), expected.encode()):
            results.labels("invalid_signature").inc()
            raise HTTPException(401, "invalid signature")
        return body

    app = FastAPI(lifespan=lifespan)
    app.add_middleware(Observation, registry=registry)

    @app.post("/webhook")
    async def receive(
        request: Request, body: Annotated[bytes, Depends(verified_body)]
    ) -> dict[str, str]:
        try:
            message = Webhook.model_validate_json(body)
        except ValidationError as exc:
            results.labels("validation_error").inc()
            raise RequestValidationError(
                [
                    {**error, "loc": ("body", *error["loc"])}
                    for error in exc.errors(
                        include_url=False, include_context=False, include_input=False
                    )
                ]
            ) from exc
        inbox: AnyInbox = request.app.state.inbox
        result = "created" if await inbox.add(message) else "duplicate"
        results.labels(result).inc()
        request.state.fields = {"message_id": message.message_id, "result": result}
        return {"status": "ok"}

    @app.get("/health/ready")
    async def ready() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return app


def serve(opening: AbstractAsyncContextManager[AnyInbox]) -> None:
    """Serve it on the port that the command line names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    port: int = parser.parse_args().port
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    app = create_app(os.environ["WEBHOOK_SECRET"], opening)
    uvicorn.run(app, port=port, loop="uvloop", http="httptools", log_config=None, access_log=False)


if __name__ == "__main__":
    serve(open_inbox(os.environ["DATABASE_URL"].removeprefix("sqlite:///")))
