"""The rules of HTTP/1 for messages that the parser does not check, and the refusals that follow."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from lyftr_http.exchange.answer import HEAD_TOO_LARGE, INVALID_REQUEST, Answer
from lyftr_http.exchange.headers import with_security_headers
from lyftr_http.exchange.representations import Problem

__all__ = [
    "PARSER_REFUSALS",
    "Enough",
    "HttpOneDotZeroCycle",
    "Refused",
    "TooLarge",
    "answer_lines",
    "in_origin_form",
    "refusal_of_head",
]


class Enough(Exception):
    """The connection takes no further request."""


class Refused(Exception):
    """The server answers the request itself; it never reaches the application."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


class TooLarge(Refused):
    """The head, or what surrounds the body, is larger than the protocol allows."""

    def __init__(self) -> None:
        super().__init__(HEAD_TOO_LARGE)


_HOST = re.compile(rb"(?:\[[0-9A-Za-z.:%\-]*\]|[^\s/?#@\\\[\]:\x00-\x20\x7f-\xff]*)(?::[0-9]*)?")
"""`uri-host [ ":" port ]` (RFC 9110, section 7.2), as loose as is safe."""
_is_host = lru_cache(maxsize=64)(_HOST.fullmatch)  # a server has few names
_ABSOLUTE_FORM = re.compile(rb"[^:/?#]+://([^/?#]*)(.*)", re.DOTALL)
_BAD_HOST: Final = Answer(
    HTTPStatus.BAD_REQUEST, Problem("a request needs exactly one valid Host header")
)
_BAD_TARGET: Final = Answer(
    HTTPStatus.BAD_REQUEST, Problem("the host in the request target is not valid")
)
_BAD_LENGTH: Final = Answer(
    HTTPStatus.BAD_REQUEST, Problem("the Transfer-Encoding does not say where the body ends")
)
_UNKNOWN_CODING: Final = Answer(
    HTTPStatus.NOT_IMPLEMENTED, Problem("chunked is the only transfer coding that is supported")
)
_UNKNOWN_VERSION: Final = Answer(
    HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, Problem("only HTTP/1.0 and HTTP/1.1 are supported")
)

PARSER_REFUSALS: Final[Mapping[str, Answer]] = {
    "Invalid HTTP version": _UNKNOWN_VERSION,
    "Expected HTTP/2 Connection Preface": _UNKNOWN_VERSION,
    "Pause on PRI/Upgrade": _UNKNOWN_VERSION,
}
"""The answer to some errors of the parser (llhttp), by their text."""


def refusal_of_head(version: str, headers: Iterable[tuple[bytes, bytes]]) -> Answer | None:
    """Return the answer to a head that the server must refuse, `None` for any other.

    The rules are those of RFC 9112, sections 2.3, 3.2, 6.1 and 6.3.

    Args:
        version: That of HTTP, as in `1.1`; `0.9` where the request line names none.
        headers: The names in lower case.
    """
    hosts = 0
    codings: list[bytes] = []
    for name, value in headers:
        if name == b"host":
            hosts += 1
            if not _is_host(value):
                return _BAD_HOST
        elif name == b"transfer-encoding":
            codings += value.lower().split(b",")
    if version not in {"1.1", "1.0"}:
        return INVALID_REQUEST if version == "0.9" else _UNKNOWN_VERSION
    if hosts > 1 or (hosts == 0 and version == "1.1"):
        return _BAD_HOST
    return _refusal_of_codings(version, codings) if codings else None


def _refusal_of_codings(version: str, listed: list[bytes]) -> Answer | None:
    codings = [coding.strip(b" \t") for coding in listed if coding.strip(b" \t")]
    if version == "1.0" or codings[-1:] != [b"chunked"]:
        return _BAD_LENGTH
    return _UNKNOWN_CODING if len(codings) > 1 else None


def answer_lines(answer: Answer, own: list[tuple[bytes, bytes]]) -> list[bytes]:
    """Return the lines of a whole answer (RFC 9112, section 2.1)."""
    headers = with_security_headers([*answer.head, *own])
    lines = [b"%b: %b\r\n" % header for header in headers]
    return [STATUS_LINE[answer.status], *lines, b"\r\n", answer.body]


def in_origin_form(target: bytes, headers: list[tuple[bytes, bytes]]) -> bytes:
    """Return the target of a request without scheme and host.

    A host that the target names replaces that of the `Host` header (RFC 9112, section 3.2.2).

    Args:
        target: That of the request line.
        headers: Those of the request, the names in lower case. Changed in place.

    Raises:
        Refused: The target names a scheme, but no valid host.
    """
    found = _ABSOLUTE_FORM.fullmatch(target)
    if not found:
        return target
    host, rest = found.groups()
    if not host or not _is_host(host):
        raise Refused(_BAD_TARGET)
    headers[:] = [(b"host", host), *(header for header in headers if header[0] != b"host")]
    return rest if rest.startswith(b"/") else b"/" + rest


class HttpOneDotZeroCycle(RequestResponseCycle):
    """Answers HTTP/1.0, which knows no chunks: the close of the connection ends such a body."""

    _ends_by_close = False

    async def send(self, message: Any) -> None:  # noqa: ANN401 - the type is private to uvicorn
        """Send a part of the answer."""
        if message["type"] == "http.response.start":
            names = {name.lower() for name, _ in message.get("headers", ())}
            self._ends_by_close = b"content-length" not in names
            if self._ends_by_close:
                self.chunked_encoding = False
        elif self._ends_by_close:
            self.expected_content_length = len(message.get("body", b""))
        await super().send(message)
