"""What is noted about a request while it is answered, for its log line and its metrics."""

from litestar.types import Scope

from lyftr_core import (
    AddOutcome,
    Ingested,
    InvalidMessage,
    InvalidSignature,
    SecretNotConfigured,
    StorageUnavailable,
)
from lyftr_http.metrics import WebhookResult

__all__ = ["RequestRecord", "record_of"]

_KEY = "lyftr_record"
_RESULTS: dict[type[Exception], WebhookResult] = {
    InvalidSignature: WebhookResult.INVALID_SIGNATURE,
    InvalidMessage: WebhookResult.VALIDATION_ERROR,
    SecretNotConfigured: WebhookResult.UNAVAILABLE,
    StorageUnavailable: WebhookResult.UNAVAILABLE,
}
_OUTCOMES = {outcome: WebhookResult(outcome) for outcome in AddOutcome}


class RequestRecord:
    """Notes about one request.

    Attributes:
        request_id: The identifier sent back as `X-Request-ID`.
        status: The status answered, or `None` as long as no answer has begun.
        error: What the answer was made from, where that was an error.
        ingested: What became of the webhook, where the request was one and was taken.
        is_webhook: Whether the use case that takes webhooks in was asked.
    """

    __slots__ = ("error", "ingested", "is_webhook", "request_id", "status")

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id
        self.status: int | None = None
        self.error: Exception | None = None
        self.ingested: Ingested | None = None
        self.is_webhook = False

    def attach(self, scope: Scope) -> None:
        """Let whatever answers find this record."""
        scope["state"] = {**scope.get("state", {}), _KEY: self}

    @property
    def webhook_result(self) -> WebhookResult | None:
        """What became of the webhook, or `None` if the request was none."""
        if self.ingested:
            return _OUTCOMES[self.ingested.outcome]
        if self.is_webhook and self.error:
            return _RESULTS.get(type(self.error), WebhookResult.ERROR)
        return None

    def webhook_fields(self, result: WebhookResult) -> dict[str, object]:
        """Return the fields that the log line of a webhook has beyond the usual."""
        return {
            "result": result,
            "message_id": self.ingested and self.ingested.message_id,
            "duplicate": result is WebhookResult.DUPLICATE,
        }


def record_of(scope: Scope) -> RequestRecord:
    """Return the record of the request that this scope belongs to."""
    record: RequestRecord = scope["state"][_KEY]
    return record
