"""Sessions of people who read in a browser: a signed cookie instead of a token in each request.

Nothing about a session is kept: its cookie says when it ends, signed with a key made of the token
that it began with. So each worker takes it, it outlives a restart, and ends with its token.
"""

import hmac
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Final

from lyftr_http.exchange.headers import Headers, header_values

__all__ = ["LIFETIME", "PLAIN_NAME", "SECURE_NAME", "Sessions"]

LIFETIME: Final = 12 * 60 * 60
"""How long a session lasts, in seconds."""
SECURE_NAME: Final = "__Host-lyftr_session"
"""The name of the cookie over TLS: browsers take it from this very host alone (RFC 6265bis)."""

PLAIN_NAME: Final = "lyftr_session"
"""Its name without TLS."""

_NAMES = {SECURE_NAME.encode(), PLAIN_NAME.encode()}
_LABEL = b"lyftr session cookie, version 1"
_VALUE = re.compile(rb"([0-9]{1,11}\.[0-9a-f]{32})\.([0-9a-f]{64})")


class Sessions:
    """Makes cookies of sessions, and recognises them.

    Args:
        tokens: Those with which a session may begin.
        clock: Tells the time.
    """

    def __init__(self, tokens: Iterable[bytes], clock: Callable[[], datetime]) -> None:
        self._keys = [_key(token) for token in tokens]
        self._clock = clock

    def __repr__(self) -> str:
        return f"{type(self).__name__}(<{len(self._keys)} keys>)"

    def begin(self, token: bytes) -> str:
        """Return the value of the cookie of a new session. It does not show the token.

        Args:
            token: One that is configured.
        """
        content = f"{self._now() + LIFETIME}.{secrets.token_hex(16)}".encode()
        return b".".join([content, _signature(_key(token), content)]).decode()

    def are_in(self, headers: Headers) -> bool:
        """Tell whether the headers of a request hold the cookie of a session that goes on.

        Whatever bytes they hold, nothing else happens; the time this takes does not depend on how
        much of a signature is right.

        Args:
            headers: The names in lower case.
        """
        return any(self._goes_on(value) for value in _cookies(headers))

    def _goes_on(self, value: bytes) -> bool:
        match = _VALUE.fullmatch(value)
        if match is None:
            return False
        content, signature = match.groups()
        ours = [hmac.compare_digest(signature, _signature(k, content)) for k in self._keys]
        return any(ours) and int(content.partition(b".")[0]) > self._now()

    def _now(self) -> int:
        return int(self._clock().timestamp())


def _cookies(headers: Headers) -> Iterator[bytes]:
    """Return the values of all cookies that have a name of ours."""
    for value in header_values(headers, b"cookie"):
        for pair in value.split(b";"):
            name, _, content = pair.strip(b" \t").partition(b"=")
            if name in _NAMES:
                yield content


def _key(token: bytes) -> bytes:
    return hmac.digest(token, _LABEL, "sha256")


def _signature(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, content, "sha256").hexdigest().encode()
