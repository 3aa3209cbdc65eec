"""Takes a webhook in: what both spellings of `POST /webhook` share, without the framework."""

import asyncio

from litestar.types import HTTPScope, Receive

from lyftr_core import IngestMessage, InvalidMessage, SignedRequest, StorageError
from lyftr_http.exchange.body import read_body
from lyftr_http.exchange.in_flight import InFlight
from lyftr_http.exchange.representations import Accepted
from lyftr_http.exchange.scope_state import request_record

__all__ = ["ACCEPTED", "PATH", "take_in"]

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
    record = request_record(scope)
    record.is_webhook = True
    with in_flight:
        try:
            record.ingested = await ingest_message(SignedRequest(tuple(scope["headers"]), body))
        except _OF_VERIFIED:
            record.verified = body
            raise
