"""The headers of a request, as ASGI has them."""

from collections.abc import Iterable

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

__all__ = ["Headers", "StrippedHeaders", "header_values"]

Headers = Iterable[tuple[bytes, bytes]]
"""Pairs of name and value in the order sent, the names in lower case."""


def header_values(headers: Headers, name: bytes) -> list[bytes]:
    """Return every value of a header, without the white space around it (RFC 9110, section 5.5).

    lyftr's own server has taken that away; others that the application may run on have not.

    Args:
        headers: Those of the request.
        name: In lower case.
    """
    return [value.strip(b" \t") for key, value in headers if key == name]


class StrippedHeaders:
    """ASGI application that gives another the headers without the white space around their values.

    The framework reads some by itself, such as `Host`, and would refuse them.

    Args:
        app: What reads them.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == ScopeType.HTTP:
            scope["headers"] = [(name, value.strip(b" \t")) for name, value in scope["headers"]]
        await self._app(scope, receive, send)
