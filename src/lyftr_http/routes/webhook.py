"""`POST /webhook`: where a webhook comes in. Its way goes on in `lyftr_core.ingestion`."""

from litestar import Request, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import RawBody, SkipValidation

from lyftr_core import IngestMessage, SignedRequest
from lyftr_http.openapi import WebhookOperation, problems
from lyftr_http.request_record import record_of
from lyftr_http.responses import Accepted

__all__ = ["receive_webhook"]


@post(
    "/webhook",
    status_code=200,
    summary="Take in one signed message",
    operation_class=WebhookOperation,
    response_description="The message is committed, now or by an earlier delivery.",
    responses=problems(401, 413, 422, 503),
)
async def receive_webhook(
    request: Request[None, None, State],
    body: RawBody,
    ingest_message: NamedDependency[SkipValidation[IngestMessage]],
) -> Accepted:
    """Verify, validate and store one message."""
    record = record_of(request.state)
    record.is_webhook = True
    headers = tuple((name, value) for name, value in request.scope["headers"])
    record.ingested = await ingest_message(SignedRequest(headers, body))
    return Accepted("ok")
