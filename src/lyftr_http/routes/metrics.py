"""`GET /metrics`: for Prometheus."""

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from prometheus_client import CONTENT_TYPE_LATEST

from lyftr_core import StorageUnavailable
from lyftr_http.routes.read_only import get
from lyftr_http.shared_rendering import SharedRendering

__all__ = ["get_metrics"]

# Litestar adds the charset to every text type.
_TEXT_FORMAT = CONTENT_TYPE_LATEST.partition("; charset")[0]


@get(
    "/metrics",
    tags=["Service"],
    summary="Get metrics",
    media_type=_TEXT_FORMAT,
    response_description="The metrics in the Prometheus text format.",
)
async def get_metrics(
    metrics_text: NamedDependency[SkipValidation[SharedRendering]],
) -> Response[bytes]:
    """Return all metrics."""
    try:
        text = await metrics_text()
    except OSError as exc:
        raise StorageUnavailable(f"the metrics cannot be read: {exc}") from exc
    return Response(text, media_type=_TEXT_FORMAT)
