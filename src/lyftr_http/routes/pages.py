"""`GET /`: the inbox, for people."""

from typing import Any

from litestar import MediaType, Request, Response
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from lyftr_http.page.templates import PAGE_HEADERS, Templates
from lyftr_http.read_access import ReadAccess
from lyftr_http.routes.read_only import get

__all__ = ["get_inbox"]


@get("/", include_in_schema=False, sync_to_thread=False)
def get_inbox(
    request: Request[Any, Any, Any],
    read_access: NamedDependency[SkipValidation[ReadAccess]],
    templates: NamedDependency[SkipValidation[Templates]],
) -> Response[str]:
    """Return the inbox."""
    root = request.scope.get("root_path", "")
    page = templates.render("inbox.html", root, can_log_out=not read_access.is_open)
    return Response(page, media_type=MediaType.HTML, headers=PAGE_HEADERS)
