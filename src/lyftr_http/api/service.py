"""`GET /health/live`, `GET /health/ready` and `GET /metrics`: for those who operate the server."""

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from prometheus_client import CONTENT_TYPE_LATEST

from lyftr_core import CheckReadiness, StorageUnavailable
from lyftr_http.api.openapi import problems
from lyftr_http.exchange.errors import NotReady
from lyftr_http.exchange.methods import get
from lyftr_http.exchange.representations import Live, Ready
from lyftr_http.observability.shared_rendering import SharedRendering

__all__ = ["get_live", "get_metrics", "get_ready"]

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


@get(
    "/health/live",
    tags=["Service"],
    summary="Is the process alive?",
    response_description="The process answers.",
    sync_to_thread=False,
)
def get_live() -> Live:
    """Answer as long as the process can."""
    return Live("ok")


@get(
    "/health/ready",
    tags=["Service"],
    summary="Can a webhook be taken now?",
    response_description="Every check passed.",
    responses=problems(NotReady),
)
async def get_ready(check_readiness: NamedDependency[SkipValidation[CheckReadiness]]) -> Ready:
    """Run every check."""
    readiness = await check_readiness()
    checks = {name: fault or "ok" for name, fault in readiness.faults.items()}
    if not readiness.ready:
        raise NotReady(checks)
    return Ready("ok", checks)
