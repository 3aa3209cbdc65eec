"""Prometheus metrics, in a registry of their own for each application."""

from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

__all__ = ["Metrics", "WebhookResult"]


class WebhookResult(StrEnum):
    """What became of a webhook, as counted and logged."""

    CREATED = "created"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    INVALID_SIGNATURE = "invalid_signature"
    VALIDATION_ERROR = "validation_error"
    UNAVAILABLE = "unavailable"
    ERROR = "error"


class Metrics:
    """The metrics of one application."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "http_requests",
            "HTTP requests answered.",
            ["method", "path", "status"],
            registry=self._registry,
        )
        self._durations = Histogram(
            "http_request_duration_seconds",
            "Time from the request's head to the end of the answer, in seconds.",
            ["method", "path"],
            registry=self._registry,
        )
        self._webhooks = Counter(
            "webhook_requests",
            "Webhooks by what became of them.",
            ["result"],
            registry=self._registry,
        )
        # To find the child of some labels costs more than to count, so each is looked up once.
        self._of_result = {result: self._webhooks.labels(result) for result in WebhookResult}
        self._of_request: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def count_request(self, method: str, path: str, status: int, seconds: float) -> None:
        """Count one answered request.

        Args:
            method: The HTTP method.
            path: The template of the route, never the path itself, so that labels stay few.
            status: The status answered.
            seconds: How long it took.
        """
        labels = method, path, status
        children = self._of_request.get(labels)
        if children is None:
            children = self._requests.labels(*labels), self._durations.labels(method, path)
            self._of_request[labels] = children
        requests, durations = children
        requests.inc()
        durations.observe(seconds)

    def count_webhook(self, result: WebhookResult) -> None:
        """Count one webhook."""
        self._of_result[result].inc()

    def render(self) -> bytes:
        """Return all metrics in the Prometheus text format."""
        return generate_latest(self._registry)
