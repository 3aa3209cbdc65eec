"""Who may read: bearer tokens (RFC 6750), or a session that began with one."""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from lyftr_http.access.sessions import Sessions
from lyftr_http.exchange.errors import InvalidToken, TokenRequired
from lyftr_http.exchange.headers import Headers, header_values

__all__ = ["ReadAccess", "guard"]

_BEARER = re.compile(rb"bearer(?: |\Z)", re.IGNORECASE).match


class ReadAccess:
    """Lets those read who bring one of some tokens; where there are none, everybody.

    Args:
        tokens: Those that are taken.
        sessions: Recognises the session of a browser; without it there are none.
    """

    def __init__(self, tokens: Iterable[bytes], sessions: Sessions | None = None) -> None:
        self._digests = [_digest(token) for token in tokens]
        self._sessions = sessions

    def __repr__(self) -> str:
        return f"{type(self).__name__}(<{len(self._digests)} tokens>)"

    @property
    def is_open(self) -> bool:
        """Whether everybody may read."""
        return not self._digests

    def require(self, headers: Headers) -> None:
        """Let a request through, or refuse it. Whatever bytes it brings, nothing else happens.

        The time this takes depends neither on which token matches nor on how much of it does.
        Where there is a bearer token, it alone counts.

        Args:
            headers: Those of the request, the names in lower case.

        Raises:
            TokenRequired: There is neither a bearer token nor a session.
            InvalidToken: There is another one, or there are several.
        """
        if self.is_open:
            return
        given = header_values(headers, b"authorization")
        if not any(_BEARER(value) for value in given):
            if self._sessions and self._sessions.are_in(headers):
                return
            raise TokenRequired("a bearer token is required")
        if len(given) > 1 or not self.takes(given[0].partition(b" ")[2].lstrip(b" ")):
            raise InvalidToken("the bearer token is not valid")

    def takes(self, token: bytes) -> bool:
        """Tell whether a token is one of ours, in the same time whichever it is.

        Args:
            token: Any bytes.
        """
        presented = _digest(token)
        matches = [hmac.compare_digest(presented, digest) for digest in self._digests]
        return any(matches)  # only now, so that each was compared whichever matches


def guard(require: Callable[[Headers], None]) -> Guard:
    """Return what Litestar asks before it looks at anything else of a request.

    Args:
        require: Refuses a request by its headers, as `ReadAccess.require` does.
    """

    def check(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        require(connection.scope["headers"])

    return check


def _digest(token: bytes) -> bytes:
    """Return what is compared instead of a token: of one length, and alike only as a whole."""
    return hashlib.sha256(token).digest()
