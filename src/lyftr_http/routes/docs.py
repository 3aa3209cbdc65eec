"""`GET /docs`: what this API is, for people; all of it comes from this server."""

from html import escape
from typing import Any

from litestar import MediaType, Request, Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from lyftr_http.routes.read_only import get
from lyftr_http.swagger_ui import FILES, PAGE, VERSION, read

__all__ = ["get_docs", "get_docs_file"]

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
_RELEASED = {"Cache-Control": "public, max-age=31536000, immutable"}
"""For what is asked for by its version."""


@get("/docs", include_in_schema=False, sync_to_thread=False)
def get_docs(request: Request[Any, Any, Any]) -> Response[str]:
    """Return the page."""
    root = escape(request.scope.get("root_path", ""))
    page = read(PAGE).decode().replace("{root}", root).replace("{version}", VERSION)
    return Response(page, media_type=MediaType.HTML, headers=_PAGE_HEADERS)


@get("/docs/{name:str}", include_in_schema=False, sync_to_thread=False)
def get_docs_file(name: FromPath[str]) -> Response[bytes]:
    """Return a file that the page loads."""
    served = FILES.get(name)
    if served is None:
        raise NotFoundException("no such file")
    headers = _RELEASED if served.is_released else {}
    return Response(read(name), media_type=served.media_type, headers=headers)
