"""Who may see the pages: those who may read; others are sent to where they can log in."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlsplit

from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard, HTTPScope

from lyftr_http.access.readers import ReadAccess
from lyftr_http.exchange.errors import TokenRequired

__all__ = ["LoginRequired", "is_from_our_pages", "is_secure", "local_path", "page_guard"]

_LOCAL: Final = re.compile(r"/(?![/\\])[!-\[\]-~]{0,2000}")
"""A path, with a query: visible ASCII, and nothing that a browser takes for another host."""
_OURS: Final = {"same-origin", "none"}


class LoginRequired(HTTPException):
    """A reader without access asked for a page; the answer sends the browser to the login."""

    def __init__(self, scope: HTTPScope) -> None:
        headers = _by_name(scope)
        root = scope.get("root_path", "")
        if "hx-request" in headers:  # a part of a page: the whole page has to go
            shown = urlsplit(headers.get("hx-current-url", ""))
            here = f"{shown.path}?{shown.query}" if shown.query else shown.path
            status, name = 401, "HX-Redirect"
        else:
            query = scope["query_string"].decode("latin-1")
            path = (scope.get("raw_path") or b"").decode("latin-1").partition("?")[0]
            here = f"{path}?{query}" if query else path
            status, name = 303, "Location"
        target = quote(local_path(here) or f"{root}/", safe="/")
        super().__init__(
            "a login is required",
            status_code=status,
            headers={name: f"{root}/login?next={target}"},
        )


def page_guard(access: ReadAccess) -> Guard:
    """Return what Litestar asks before it looks at anything else of a request for a page.

    Args:
        access: Who may read.
    """

    def require(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        scope: Any = connection.scope
        try:
            access.require(scope["headers"])
        except TokenRequired:
            raise LoginRequired(scope) from None

    return require


def local_path(text: str) -> str | None:
    """Return a path, with its query, to which it is safe to send a browser; else nothing.

    Args:
        text: Whatever came with a request.
    """
    return text if _LOCAL.fullmatch(text) else None


def is_secure(scope: HTTPScope) -> bool:
    """Tell whether the browser spoke TLS, as a proxy says.

    Whoever says so of their own request gets a cookie that goes over TLS alone, and no more.

    Args:
        scope: That of the request.
    """
    # Of several proxies the first is the one that the browser asked.
    said = _by_name(scope).get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    return "https" in {scope["scheme"], said}


def is_from_our_pages(scope: HTTPScope) -> bool:
    """Tell whether a form was sent from one of our pages, or by no browser at all.

    Args:
        scope: That of the request.
    """
    headers = _by_name(scope)
    if "sec-fetch-site" in headers:
        return headers["sec-fetch-site"] in _OURS
    origin = headers.get("origin")
    return origin is None or origin.partition("://")[2] == headers.get("host")


def _by_name(scope: HTTPScope) -> Mapping[str, str]:
    """Return the headers by name, with commas between the values of one that came several times.

    See RFC 9110, section 5.3.
    """
    found: dict[str, str] = {}
    for key, content in scope["headers"]:
        name, value = key.decode("latin-1"), content.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found
