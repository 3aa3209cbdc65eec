"""`POST /webhook`: where a webhook comes in. Its way goes on in `lyftr_core.use_cases.ingest`.

Litestar's handler describes the route and answers whatever spelling of it Litestar takes. The
exact one is answered by `lyftr_http.api.thin_webhook`, which takes it in by the same function.
"""

import asyncio
from typing import Any

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from litestar.types import HTTPScope, Receive

from lyftr_core import IngestMessage, InvalidMessage, SignedRequest, StorageError
from lyftr_http.api.openapi import WebhookOperation, problems
from lyftr_http.exchange.body import read_body
from lyftr_http.exchange.in_flight import InFlight
from lyftr_http.exchange.representations import Accepted
from lyftr_http.observability.record import record_of

__all__ = ["ACCEPTED", "PATH", "receive_webhook", "take_in"]

PATH = "/webhook"
ACCEPTED = Accepted("ok")
_OF_VERIFIED = (InvalidMessage, StorageError, asyncio.CancelledError)
"""What the use case raises only once the signature is verified."""


async def take_in(
    scope: HTTPScope, receive: Receive, ingest_message: IngestMessage, in_flight: InFlight
) -> None:
    """Verify, validate and store what a request brings.

    Raises:
        Exception: Whatever `read_body`, `InFlight` and `IngestMessage` raise.
    """
    body = await read_body(scope, receive)
    record = record_of(scope)
    record.is_webhook = True
    with in_flight:
        try:
            record.ingested = await ingest_message(SignedRequest(tuple(scope["headers"]), body))
        except _OF_VERIFIED:
            record.verified = body
            raise


@post(
    PATH,
    status_code=200,
    tags=["Webhooks"],
    summary="Take in one signed message",
    operation_class=WebhookOperation,
    response_description="The message is committed, now or by an earlier delivery.",
    responses=problems(401, 413, 422, 503),
)
async def receive_webhook(
    request: Request[Any, Any, Any],
    ingest_message: NamedDependency[SkipValidation[IngestMessage]],
    webhooks_in_flight: NamedDependency[SkipValidation[InFlight]],
) -> Accepted:
    """Verify, validate and store one message."""
    await take_in(request.scope, request.receive, ingest_message, webhooks_in_flight)
    return ACCEPTED
