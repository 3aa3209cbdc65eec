"""Routing on the path as it was sent, so that each resource has one path."""

import re
from functools import cache
from urllib.parse import quote, unquote_to_bytes

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from lyftr_http.exchange.errors import NOT_FOUND

__all__ = ["SegmentRouting"]

_ESCAPES = re.compile(rb"%[0-9A-Fa-f]{2}|[^A-Za-z0-9_.~/-]")
"""Bytes that are percent-encoded, or that should be (RFC 3986, section 2.3)."""


class SegmentRouting:
    """ASGI application that gives another the path with each segment percent-encoded.

    A server decodes the path before it hands it on, and `a%2Fb` becomes two segments; the raw path
    still has one. Each segment is decoded and encoded again, so that every spelling of a segment
    arrives as the same one.

    A path with an empty segment, such as `/metrics/` or `//metrics`, is answered 404. The router
    would ignore the segment, and a proxy that hides `/metrics` by its path would not.

    Args:
        app: What routes.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        raw_path = scope.get("raw_path")
        if raw_path:
            scope["path"] = _encoded(raw_path.partition(b"?")[0])
        if scope["type"] == ScopeType.HTTP and _has_empty_segment(scope):
            await NOT_FOUND.send(send)
        else:
            await self._app(scope, receive, send)


def _encoded(path: bytes) -> str:
    return _ESCAPES.sub(lambda found: _canonical(found[0]), path).decode()


@cache  # of some 1,500 keys at most
def _canonical(escape: bytes) -> bytes:
    return quote(unquote_to_bytes(escape), safe="").encode()


def _has_empty_segment(scope: Scope) -> bool:
    """Tell whether a segment of the path is empty; the path of a mount may end in a slash."""
    path = scope["path"]
    root = _encoded(scope.get("root_path", "").encode()).rstrip("/")
    return "//" in path or (path.endswith("/") and path not in {"/", f"{root}/"})
