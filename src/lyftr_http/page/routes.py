"""`GET /` and below `/inbox`: the inbox for people, and the parts of it that a script asks for."""

import re
import shlex
from typing import Any, Final

import msgspec
from litestar import MediaType, Request, Response, Router
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from lyftr_core import CheckReadiness
from lyftr_http.access.allowed_hosts import AllowedHosts, host_guard
from lyftr_http.access.browser import is_secure, page_guard
from lyftr_http.access.readers import ReadAccess
from lyftr_http.exchange.methods import get
from lyftr_http.page.inbox import Inbox
from lyftr_http.page.page_errors import PAGE_ERRORS
from lyftr_http.page.templates import PAGE_HEADERS, Templates
from lyftr_http.page.view import read_view
from lyftr_runtime.settings import Settings

__all__ = ["pages"]

AnyRequest = Request[Any, Any, Any]
_ORDINARY_HOST: Final = re.compile(r"[0-9A-Za-z.:\-\[\]]+")


def _html(html: str, status: int = 200) -> Response[str]:
    return Response(html, status_code=status, media_type=MediaType.HTML, headers=PAGE_HEADERS)


def _root(request: AnyRequest) -> str:
    return str(request.scope.get("root_path", ""))


def _first_message(request: AnyRequest, settings: Settings) -> dict[str, str]:
    """Return what the commands that send a first message have of their own; no secret is in it."""
    host = request.headers.get("host", "")
    host = host if _ORDINARY_HOST.fullmatch(host) else "127.0.0.1:8000"
    scheme = "https" if is_secure(request.scope) else "http"
    url = f"{scheme}://{host}{_root(request)}/webhook"
    return {"url": shlex.quote(url), "scheme": settings.webhook_scheme.value}


@get("/", include_in_schema=False)
async def get_inbox(
    request: AnyRequest,
    templates: NamedDependency[SkipValidation[Templates]],
    inbox: NamedDependency[SkipValidation[Inbox]],
    check_readiness: NamedDependency[SkipValidation[CheckReadiness]],
    settings: NamedDependency[SkipValidation[Settings]],
) -> Response[str]:
    """Return the whole page."""
    found = await inbox.find(request.scope["query_string"])
    page = templates.render(
        "inbox.html",
        _root(request),
        **msgspec.structs.asdict(found),
        detail=await inbox.detail(found.view),
        figures=await inbox.figures(),
        health=await check_readiness(),
        first=_first_message(request, settings),
        can_log_out=bool(settings.api_tokens),
        is_part=False,
    )
    return _html(page, found.status)


@get("/inbox/results", include_in_schema=False)
async def get_results(
    request: AnyRequest,
    templates: NamedDependency[SkipValidation[Templates]],
    inbox: NamedDependency[SkipValidation[Inbox]],
    settings: NamedDependency[SkipValidation[Settings]],
) -> Response[str]:
    """Return the list of another view."""
    found = await inbox.find(request.scope["query_string"])
    part = templates.render(
        "results.html",
        _root(request),
        **msgspec.structs.asdict(found),
        first=_first_message(request, settings),
        is_part=True,
    )
    return _html(part, found.status)


@get("/inbox/rows", include_in_schema=False)
async def get_rows(
    request: AnyRequest,
    templates: NamedDependency[SkipValidation[Templates]],
    inbox: NamedDependency[SkipValidation[Inbox]],
) -> Response[str]:
    """Return further rows of a list."""
    found = await inbox.find(request.scope["query_string"])
    part = templates.render("rows.html", _root(request), **msgspec.structs.asdict(found))
    return _html(part, found.status)


@get("/inbox/message", include_in_schema=False)
async def get_detail(
    request: AnyRequest,
    templates: NamedDependency[SkipValidation[Templates]],
    inbox: NamedDependency[SkipValidation[Inbox]],
) -> Response[str]:
    """Return a message that is opened: in the query, since a browser takes `..` out of a path."""
    view, _, _ = read_view(request.scope["query_string"])
    detail = await inbox.detail(view)
    part = templates.render("detail.html", _root(request), view=view, detail=detail)
    return _html(part, 200 if detail else 404)


@get("/inbox/figures", include_in_schema=False)
async def get_figures(
    request: AnyRequest,
    templates: NamedDependency[SkipValidation[Templates]],
    inbox: NamedDependency[SkipValidation[Inbox]],
) -> Response[str]:
    """Return the figures as they are now."""
    return _html(templates.render("figures.html", _root(request), figures=await inbox.figures()))


@get("/inbox/health", include_in_schema=False)
async def get_health(
    request: AnyRequest,
    templates: NamedDependency[SkipValidation[Templates]],
    check_readiness: NamedDependency[SkipValidation[CheckReadiness]],
) -> Response[str]:
    """Return how the service is."""
    part = templates.render("health.html", _root(request), health=await check_readiness())
    return _html(part)


_PAGES: Final = [get_inbox, get_results, get_rows, get_detail, get_figures, get_health]


def pages(access: ReadAccess, hosts: AllowedHosts) -> Router:
    """Return the group of the pages that show message data: others than readers are to log in.

    Args:
        access: Who may read.
        hosts: Which hosts a request may name.
    """
    return Router(
        "/",
        route_handlers=_PAGES,
        exception_handlers=PAGE_ERRORS,
        guards=[host_guard(hosts), page_guard(access)],
        include_in_schema=False,
    )
