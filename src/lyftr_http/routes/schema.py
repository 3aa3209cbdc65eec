"""`GET /schema/openapi.json`: what this API is, for programs."""

from litestar import MediaType, Response
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from lyftr_http.routes.read_only import get

__all__ = ["get_schema"]


@get("/schema/openapi.json", include_in_schema=False, sync_to_thread=False)
def get_schema(document: NamedDependency[SkipValidation[bytes]]) -> Response[bytes]:
    """Return the OpenAPI document."""
    return Response(document, media_type=MediaType.JSON)
