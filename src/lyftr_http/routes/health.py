"""`GET /health/live` and `GET /health/ready`: for whoever starts, stops and routes."""

from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import SkipValidation

from lyftr_core import CheckReadiness
from lyftr_http.error_answers import NotReady
from lyftr_http.responses import Live, Ready, Unready
from lyftr_http.routes.read_only import get

__all__ = ["get_live", "get_ready"]


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
    responses={503: ResponseSpec(Unready, generate_examples=False, description="A check failed.")},
)
async def get_ready(check_readiness: NamedDependency[SkipValidation[CheckReadiness]]) -> Ready:
    """Run every check."""
    readiness = await check_readiness()
    checks = {name: fault or "ok" for name, fault in readiness.faults.items()}
    if not readiness.ready:
        raise NotReady(checks)
    return Ready("ok", checks)
