"""Headers: those of a request without white space, and the security headers of every answer.

The security headers tell browsers and caches what not to do with an answer. The set is that of
OWASP's REST Security Cheat Sheet, section "Security Headers", without Strict-Transport-Security:
only an answer over TLS may have that (RFC 6797, section 7.2), so the proxy that ends TLS adds it.
"""

from collections.abc import Iterable

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

__all__ = [
    "SECURITY_HEADERS",
    "Headers",
    "StrippedHeaders",
    "header_values",
    "with_security_headers",
]

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


Header = tuple[bytes, bytes]

SECURITY_HEADERS: tuple[Header, ...] = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
"""They say that the answer is kept nowhere, loads nothing, is what its type says, tells no other
site where a reader comes from, and is shown in no frame."""

_NAMES = frozenset(name for name, _ in SECURITY_HEADERS)


def with_security_headers(headers: Iterable[Header]) -> list[Header]:
    """Return the headers of an answer with those added that it does not bring itself.

    Args:
        headers: Their names in lower case.
    """
    own = [*headers]
    given = dict(own)
    if _NAMES.isdisjoint(given):  # nearly always
        return [*own, *SECURITY_HEADERS]
    return [*own, *(header for header in SECURITY_HEADERS if header[0] not in given)]
