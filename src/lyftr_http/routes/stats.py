"""`GET /stats`: figures over all messages."""

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from lyftr_core import ComputeStats
from lyftr_http.in_flight import InFlight
from lyftr_http.openapi import problems
from lyftr_http.responses import StatsBody
from lyftr_http.routes.read_only import get

__all__ = ["get_stats"]


@get(
    "/stats",
    summary="Get statistics",
    response_description="Figures over all messages.",
    responses=problems(421, 503),
)
async def get_stats(
    compute_stats: NamedDependency[SkipValidation[ComputeStats]],
    reads_in_flight: NamedDependency[SkipValidation[InFlight]],
) -> StatsBody:
    """Return figures over all messages."""
    with reads_in_flight:
        stats = await compute_stats()
    return StatsBody.of(stats)
