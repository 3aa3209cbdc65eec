"""Routing on the path as it was sent, so that an encoded slash stays inside its segment."""

from urllib.parse import quote, unquote_to_bytes

from litestar.types import ASGIApp, Receive, Scope, Send

__all__ = ["SegmentRouting"]


class SegmentRouting:
    """ASGI application that gives another the path with each segment percent-encoded.

    A server decodes the path before it hands it on, and `a%2Fb` becomes two segments; the raw path
    still has one. Each segment is decoded and encoded again, so that every spelling of a segment
    arrives as the same one.

    Args:
        app: What routes.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        raw_path = scope.get("raw_path")
        if raw_path:
            segments = raw_path.partition(b"?")[0].split(b"/")
            scope["path"] = "/".join(quote(unquote_to_bytes(s), safe="") for s in segments)
        await self._app(scope, receive, send)
