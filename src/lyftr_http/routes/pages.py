"""`GET /`: the inbox, for people."""

from typing import Any

from litestar import MediaType, Request, Response
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from lyftr_http.page.templates import PAGE_POLICY, Templates
from lyftr_http.routes.read_only import get

__all__ = ["get_inbox"]

_HEADERS = {"Content-Security-Policy": PAGE_POLICY}


@get("/", include_in_schema=False, sync_to_thread=False)
def get_inbox(
    request: Request[Any, Any, Any], templates: NamedDependency[SkipValidation[Templates]]
) -> Response[str]:
    """Return the inbox."""
    page = templates.render("inbox.html", request.scope.get("root_path", ""))
    return Response(page, media_type=MediaType.HTML, headers=_HEADERS)
