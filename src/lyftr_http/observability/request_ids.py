"""The identifier of a request, which its answer and its log line share."""

import os
import re

from lyftr_http.exchange.headers import Headers

__all__ = ["RequestIds"]

_FIT = re.compile(rb"[\x21-\x7e]{1,128}").fullmatch
_SIZE = 16
"""How many random bytes an identifier has."""
_AT_ONCE = 256
"""For how many identifiers randomness is fetched together: it costs a call of the system."""


class RequestIds:
    """Takes over the `X-Request-ID` that a client sent, or makes one."""

    def __init__(self) -> None:
        self._random = b""
        self._used = 0

    def of(self, headers: Headers) -> str:
        """Return the identifier of a request.

        Args:
            headers: Those of the request, the names in lower case.
        """
        given = [value for name, value in headers if name == b"x-request-id"]
        if len(given) == 1 and _FIT(own := given[0].strip(b" \t")):
            return own.decode()
        return self._make()

    def _make(self) -> str:
        start = self._used
        if start == len(self._random):
            self._random = os.urandom(_SIZE * _AT_ONCE)
            start = 0
        self._used = start + _SIZE
        return self._random[start : self._used].hex()
