"""`GET /` and below `/inbox`: the inbox for people, and the parts of it that a script asks for."""

import re
import shlex
from typing import Any, Final

import msgspec
from litestar import Request, Response, Router
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from lyftr_core import CheckReadiness, InvalidInput
from lyftr_http.access.allowed_hosts import AllowedHosts
from lyftr_http.access.browser import is_secure, page_guard
from lyftr_http.access.readers import ReadAccess, guard
from lyftr_http.exchange.errors import ERRORS, entry_of
from lyftr_http.exchange.methods import get
from lyftr_http.exchange.scope_state import request_record
from lyftr_http.page.inbox import Inbox
from lyftr_http.page.templates import respond, root_of
from lyftr_http.page.view import read_view
from lyftr_runtime.settings import Settings

__all__ = ["pages"]

AnyRequest = Request[Any, Any, Any]
_ORDINARY_HOST: Final = re.compile(r"[0-9A-Za-z.:\-\[\]]+")


def _first_message(request: AnyRequest, settings: Settings) -> dict[str, str]:
    """Return what the commands that send a first message have of their own; no secret is in it."""
    host = request.headers.get("host", "")
    host = host if _ORDINARY_HOST.fullmatch(host) else "127.0.0.1:8000"
    scheme = "https" if is_secure(request.scope) else "http"
    url = f"{scheme}://{host}{root_of(request)}/webhook"
    return {"url": shlex.quote(url), "scheme": settings.webhook_scheme.value}


@get("/", include_in_schema=False)
async def get_inbox(
    request: AnyRequest,
    inbox: NamedDependency[SkipValidation[Inbox]],
    check_readiness: NamedDependency[SkipValidation[CheckReadiness]],
    settings: NamedDependency[SkipValidation[Settings]],
) -> Response[str]:
    """Return the whole page."""
    found = await inbox.find(request.scope["query_string"])
    return respond(
        "inbox.html",
        request,
        found.status,
        **msgspec.structs.asdict(found),
        detail=await inbox.detail(found.view),
        figures=await inbox.figures(),
        health=await check_readiness(),
        first=_first_message(request, settings),
        can_log_out=bool(settings.api_tokens),
        is_part=False,
    )


@get("/inbox/results", include_in_schema=False)
async def get_results(
    request: AnyRequest,
    inbox: NamedDependency[SkipValidation[Inbox]],
    settings: NamedDependency[SkipValidation[Settings]],
) -> Response[str]:
    """Return the list of another view."""
    found = await inbox.find(request.scope["query_string"])
    return respond(
        "results.html",
        request,
        found.status,
        **msgspec.structs.asdict(found),
        first=_first_message(request, settings),
        is_part=True,
    )


@get("/inbox/rows", include_in_schema=False)
async def get_rows(
    request: AnyRequest,
    inbox: NamedDependency[SkipValidation[Inbox]],
) -> Response[str]:
    """Return further rows of a list."""
    found = await inbox.find(request.scope["query_string"])
    return respond("rows.html", request, found.status, **msgspec.structs.asdict(found))


@get("/inbox/message", include_in_schema=False)
async def get_detail(
    request: AnyRequest,
    inbox: NamedDependency[SkipValidation[Inbox]],
) -> Response[str]:
    """Return a message that is opened: in the query, since a browser takes `..` out of a path."""
    view, _, _ = read_view(request.scope["query_string"])
    detail = await inbox.detail(view)
    return respond("detail.html", request, 200 if detail else 404, view=view, detail=detail)


@get("/inbox/figures", include_in_schema=False)
async def get_figures(
    request: AnyRequest,
    inbox: NamedDependency[SkipValidation[Inbox]],
) -> Response[str]:
    """Return the figures as they are now."""
    return respond("figures.html", request, figures=await inbox.figures())


@get("/inbox/health", include_in_schema=False)
async def get_health(
    request: AnyRequest,
    check_readiness: NamedDependency[SkipValidation[CheckReadiness]],
) -> Response[str]:
    """Return how the service is."""
    return respond("health.html", request, health=await check_readiness())


def _explain(request: AnyRequest, exc: Exception) -> Response[str]:
    """Answer an error in words, as a page or as a part of one, with the status of the API."""
    request_record(request.scope).error = exc
    entry = entry_of(exc)
    title, words = entry.page or ("", "")
    return respond(
        "problem.html" if "hx-request" in request.headers else "error.html",
        request,
        entry.status,
        entry.headers,
        title=title,
        words=words,
        back=f"{root_of(request)}/" if isinstance(exc, InvalidInput) else "",
    )


_EXPLAINED: Final = [kind for kind, entry in ERRORS.items() if entry.page]
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
        exception_handlers=dict.fromkeys(_EXPLAINED, _explain),
        guards=[guard(hosts.require), page_guard(access)],
        include_in_schema=False,
    )
