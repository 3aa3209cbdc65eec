"""What is noted about a request while it is answered, for its log line and its metrics."""

from litestar.datastructures import State
from litestar.types import HTTPScope

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


class RequestRecord:
    """Notes about one request.

    Attributes:
        request_id: The identifier sent back as `X-Request-ID`.
        answered: Whether an answer has begun.
        status: The status answered, or `None` while there is none.
        error: What the answer was made from, where that was an error.
        ingested: What became of the webhook, where the request was one and was taken.
        is_webhook: Whether the use case that takes webhooks in was asked.
    """

    __slots__ = ("answered", "error", "ingested", "is_webhook", "request_id", "status")

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id
        self.status: int | None = None
        self.answered = False
        self.error: Exception | None = None
        self.ingested: Ingested | None = None
        self.is_webhook = False

    def attach(self, scope: HTTPScope) -> None:
        """Let the routes and the error handlers find this record."""
        scope["state"] = {**scope.get("state", {}), _KEY: self}

    @property
    def webhook_result(self) -> WebhookResult | None:
        """What became of the webhook, or `None` if the request was none."""
        if not self.is_webhook:
            return None
        if self.ingested:
            return WebhookResult(self.ingested.outcome)
        return _RESULTS.get(type(self.error), WebhookResult.ERROR) if self.error else None

    def webhook_fields(self) -> dict[str, object]:
        """Return the fields that the log line of a webhook has beyond the usual."""
        if not self.webhook_result:
            return {}
        ingested = self.ingested
        return {
            "result": self.webhook_result,
            "message_id": ingested and ingested.message_id,
            "duplicate": ingested is not None and ingested.outcome is AddOutcome.DUPLICATE,
        }


def record_of(state: State) -> RequestRecord:
    """Return the record of the request that this state belongs to."""
    record: RequestRecord = state[_KEY]
    return record
