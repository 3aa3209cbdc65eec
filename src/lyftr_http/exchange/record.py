"""What is noted about a request while it is answered, for its log line and its metrics."""

from lyftr_core import AddOutcome, Ingested
from lyftr_core.parsing import message_id_of
from lyftr_http.exchange.answer import CLIENT_CLOSED_REQUEST
from lyftr_http.exchange.errors import WebhookResult, entry_of

__all__ = ["RequestRecord"]

_OUTCOMES = {outcome: WebhookResult(outcome) for outcome in AddOutcome}


class RequestRecord:
    """Notes about one request.

    Args:
        request_id: The identifier sent back as `X-Request-ID`.
        method: The HTTP method.
        path: The path that was asked for, without the query.

    Attributes:
        request_id: As given.
        method: As given.
        path: As given.
        template: The path of the route, or `None` where none matched.
        status: The status answered; 499 as long as no answer has begun.
        answered: Whether an answer has begun.
        seconds: From the head of the request to the end of the answer.
        error: What the answer was made from, where that was an error.
        ingested: What became of the webhook, where the request was one and was taken.
        verified: The body of a webhook whose signature is verified, where it was not taken.
        is_webhook: Whether the use case that takes webhooks in was asked.
    """

    __slots__ = (
        "answered",
        "error",
        "ingested",
        "is_webhook",
        "method",
        "path",
        "request_id",
        "seconds",
        "status",
        "template",
        "verified",
    )

    def __init__(self, request_id: str, method: str, path: str) -> None:
        self.request_id = request_id
        self.method = method
        self.path = path
        self.template: str | None = None
        self.status = CLIENT_CLOSED_REQUEST
        self.answered = False
        self.seconds = 0.0
        self.error: Exception | None = None
        self.ingested: Ingested | None = None
        self.verified: bytes | None = None
        self.is_webhook = False

    @property
    def is_refused_proof(self) -> bool:
        """Whether the signature of a webhook, or the token of a reader, was refused."""
        return self.error is not None and entry_of(self.error).is_refused_proof

    @property
    def webhook_result(self) -> WebhookResult | None:
        """What became of the webhook, or `None` if the request was none."""
        if self.ingested:
            return _OUTCOMES[self.ingested.outcome]
        if self.is_webhook and self.error:
            return entry_of(self.error).result
        return None

    def fields(self, result: WebhookResult | None) -> dict[str, object]:
        """Return the fields of its log line.

        Args:
            result: Its `webhook_result`.
        """
        fields: dict[str, object] = {
            "request_id": self.request_id,
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "latency_ms": round(self.seconds * 1000, 3),
        }
        if result:
            fields["result"] = result
            fields["message_id"] = self._message_id()
            fields["duplicate"] = result is WebhookResult.DUPLICATE
        return fields

    def _message_id(self) -> str | None:
        if self.ingested:
            return self.ingested.message_id
        return message_id_of(self.verified) if self.verified else None
