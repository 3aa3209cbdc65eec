"""`GET /docs` and the schema that it shows; all of it comes from this server."""

from html import escape
from typing import Any

from litestar import MediaType, Request, Response
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, SkipValidation

from lyftr_http.api.swagger_ui import FILES, PAGE, VERSION, read
from lyftr_http.exchange.methods import get

__all__ = ["get_docs", "get_docs_file", "get_schema"]


@get("/schema/openapi.json", include_in_schema=False, sync_to_thread=False)
def get_schema(document: NamedDependency[SkipValidation[bytes]]) -> Response[bytes]:
    """Return the OpenAPI document."""
    return Response(document, media_type=MediaType.JSON)


_POLICY = "; ".join(
    [
        "default-src 'none'",
        "connect-src 'self'",
        "img-src data:",
        "script-src 'self'",
        "style-src 'self'",
        *("base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"),
    ]
)
_PAGE_HEADERS = {"Content-Security-Policy": _POLICY}
_VERSIONED = f"v={VERSION}".encode()
_RELEASED = {"Cache-Control": "public, max-age=31536000, immutable"}
"""For what is asked for by its version."""


@get("/docs", include_in_schema=False, sync_to_thread=False)
def get_docs(request: Request[Any, Any, Any]) -> Response[str]:
    """Return the page."""
    root = escape(request.scope.get("root_path", ""))
    page = read(PAGE).decode().replace("{root}", root).replace("{version}", VERSION)
    return Response(page, media_type=MediaType.HTML, headers=_PAGE_HEADERS)


@get("/docs/{name:str}", include_in_schema=False, sync_to_thread=False)
def get_docs_file(name: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return a file that the page loads; under the version that it has, for ever."""
    served = FILES.get(name)
    if served is None:
        raise NotFoundException("no such file")
    is_versioned = served.is_released and request.scope["query_string"] == _VERSIONED
    headers = _RELEASED if is_versioned else {}
    return Response(read(name), media_type=served.media_type, headers=headers)
