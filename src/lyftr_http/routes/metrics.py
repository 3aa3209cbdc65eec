"""`GET /metrics`: for Prometheus."""

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from prometheus_client import CONTENT_TYPE_LATEST

from lyftr_http.metrics import Metrics
from lyftr_http.routes.read_only import get

__all__ = ["get_metrics"]

# Litestar adds the charset to every text type.
_TEXT_FORMAT = CONTENT_TYPE_LATEST.partition("; charset")[0]


@get(
    "/metrics",
    tags=["Service"],
    summary="Get metrics",
    media_type=_TEXT_FORMAT,
    response_description="The metrics in the Prometheus text format.",
    sync_to_thread=False,
)
def get_metrics(metrics: NamedDependency[SkipValidation[Metrics]]) -> Response[str]:
    """Return all metrics."""
    return Response(metrics.render().decode(), media_type=_TEXT_FORMAT)
