"""`POST /webhook` as the framework routes and describes it.

It answers every spelling of the request that Litestar accepts. `lyftr_http.api.thin_webhook`
answers the exact one. Both take the webhook in by `lyftr_http.api.take_in`.
"""

from dataclasses import dataclass
from typing import Any

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema
from litestar.params import SkipValidation

from lyftr_core import IngestMessage, InvalidMessage, InvalidSignature, StorageUnavailable
from lyftr_core.message import MAX_TEXT_LENGTH
from lyftr_http.api.openapi import MESSAGE_ID, PHONE_NUMBER, TIMESTAMP, problems
from lyftr_http.api.take_in import ACCEPTED, PATH, take_in
from lyftr_http.exchange.errors import BodyTooLarge
from lyftr_http.exchange.in_flight import InFlight
from lyftr_http.exchange.representations import Accepted

__all__ = ["receive_webhook"]

_TEXT = Schema(
    type=[OpenAPIType.STRING, OpenAPIType.NULL],
    max_length=MAX_TEXT_LENGTH,
    pattern=r"^[^\u0000]*$",
)
_WEBHOOK = Schema(
    type=OpenAPIType.OBJECT,
    title="Webhook",
    required=["message_id", "from", "to", "ts"],
    properties={
        "message_id": MESSAGE_ID,
        "from": PHONE_NUMBER,
        "to": PHONE_NUMBER,
        "ts": TIMESTAMP,
        "text": _TEXT,
    },
)


@dataclass
class WebhookOperation(Operation):
    """`POST /webhook`, but for the headers that sign it: these the configuration chooses."""

    def __post_init__(self) -> None:
        media = OpenAPIMediaType(schema=_WEBHOOK)
        self.request_body = RequestBody(content={"application/json": media}, required=True)


@post(
    PATH,
    status_code=200,
    tags=["Webhooks"],
    summary="Take in one signed message",
    operation_class=WebhookOperation,
    response_description="The message is committed, now or by an earlier delivery.",
    responses=problems(InvalidSignature, BodyTooLarge, InvalidMessage, StorageUnavailable),
)
async def receive_webhook(
    request: Request[Any, Any, Any],
    ingest_message: NamedDependency[SkipValidation[IngestMessage]],
    webhooks_in_flight: NamedDependency[SkipValidation[InFlight]],
) -> Accepted:
    """Verify, validate and store one message."""
    await take_in(request.scope, request.receive, ingest_message, webhooks_in_flight)
    return ACCEPTED
