"""The application: requests become those of the core, its results and errors become answers."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from examples.answers import ACCEPTED, MAX_BODY, TOO_LARGE, Answer, page, refusal
from examples.fastapi_service.repository import SqliteRepository
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

__all__ = ["create_app", "from_environment"]


def from_environment() -> FastAPI:
    """Make the application for `WEBHOOK_SECRET` and the file `INBOX`."""
    secret = os.environ.get("WEBHOOK_SECRET")
    scheme = HexHmacSha256(secret) if secret else UnconfiguredScheme()
    return create_app(scheme, Path(os.environ.get("INBOX", "inbox.db")))


def create_app(scheme: SignatureScheme, path: Path) -> FastAPI:
    """Make the application.

    Args:
        scheme: Verifies the webhooks.
        path: The SQLite file.
    """
    repository = SqliteRepository(path)
    ingest = IngestMessage(scheme, repository, clock=lambda: datetime.now(UTC))
    list_messages = ListMessages(repository)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with repository:
            yield

    app = FastAPI(title="Inbox", lifespan=lifespan)
    app.add_exception_handler(LyftrError, _refuse)

    @app.post("/webhook")
    async def receive(request: Annotated[SignedRequest, Depends(_signed_request)]) -> JSONResponse:
        await ingest(request)  # when this returns, the message is committed
        return _response(ACCEPTED)

    @app.get("/messages")
    async def messages(
        sender: Annotated[str | None, Query(alias="from")] = None,
        q: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> JSONResponse:
        query = MessageFilter(sender=sender, q=q)
        return _response(page(await list_messages(query, PageRequest(limit=limit, cursor=cursor))))

    return app


async def _signed_request(request: Request) -> SignedRequest:
    """Take the request as it was sent: a model of FastAPI's would parse what nobody has proven."""
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > MAX_BODY:
                raise HTTPException(TOO_LARGE.status, TOO_LARGE.content["detail"])
    except ClientDisconnect:
        raise HTTPException(400, "incomplete") from None  # which nobody is there to read
    # `raw`, as `request.headers[...]` would show one of two signatures and hide the other.
    return SignedRequest(tuple(request.headers.raw), bytes(body))


async def _refuse(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, LyftrError):
        raise error
    return _response(refusal(error))


def _response(answer: Answer) -> JSONResponse:
    return JSONResponse(answer.content, answer.status, dict(answer.headers))
