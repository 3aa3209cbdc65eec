"""From an error to the answer it gets: the status, the JSON, the headers; without a framework."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from lyftr_core import (
    InvalidInput,
    InvalidMessage,
    InvalidQuery,
    InvalidSignature,
    SecretNotConfigured,
    StorageUnavailable,
)
from lyftr_http.exchange.answer import (
    CLIENT_CLOSED_REQUEST,
    REQUEST_TIMEOUT,
    RETRY_LATER,
    Answer,
    unavailable,
)
from lyftr_http.exchange.body import BodyCutOff, BodyTooLarge, ClientGone, InvalidContentLength
from lyftr_http.exchange.in_flight import TooManyInFlight
from lyftr_http.exchange.query_string import InvalidHeader, InvalidPath
from lyftr_http.exchange.representations import FaultItem, Invalid, Problem, Unready

__all__ = [
    "NOT_FOUND",
    "HostNotAllowed",
    "InvalidToken",
    "NotReady",
    "NotRunning",
    "TokenRequired",
    "answer_to",
]


_CHALLENGE = 'Bearer realm="lyftr"'

_PLACES: dict[type[InvalidInput], str] = {
    InvalidMessage: "body",
    InvalidQuery: "query",
    InvalidPath: "path",
    InvalidHeader: "header",
}


class NotRunning(StorageUnavailable):
    """The lifespan of the application has not begun, or has ended."""

    def __init__(self) -> None:
        super().__init__(
            "the lifespan of lyftr is not running: start it in the lifespan of the application"
            " that mounts it: async with app.lifespan(): yield"
        )


class NotReady(Exception):
    """A check of readiness failed.

    Attributes:
        checks: For each check `ok`, or what is missing.
    """

    def __init__(self, checks: dict[str, str]) -> None:
        super().__init__(", ".join(f"{name}: {state}" for name, state in checks.items()))
        self.checks = checks


class HostNotAllowed(Exception):
    """The request names a host that is not allowed, or none.

    Attributes:
        host: The value of the header, the empty string where there is none.
    """

    def __init__(self, host: str) -> None:
        super().__init__(host)
        self.host = host


class TokenRequired(Exception):
    """Neither a bearer token nor a session came with the request."""


class InvalidToken(TokenRequired):
    """What came as a bearer token is none that is configured."""


def answer_to(error: Exception) -> Answer:
    """Return the answer that an error gets; one that nobody foresaw is an internal one."""
    answer = next(_ANSWERS[kind] for kind in type(error).__mro__ if kind in _ANSWERS)
    return answer if isinstance(answer, Answer) else answer(error)


def _no_access(detail: str, challenge: str) -> Answer:
    """Return the answer to a reader without a right token (RFC 6750, section 3)."""
    return Answer(HTTPStatus.UNAUTHORIZED, Problem(detail), {"WWW-Authenticate": challenge})


def _invalid_input(error: InvalidInput) -> Answer:
    items = [FaultItem.of(fault, _PLACES[type(error)]) for fault in error.faults]
    return Answer(HTTPStatus.UNPROCESSABLE_ENTITY, Invalid(items))


def _host_not_allowed(error: HostNotAllowed) -> Answer:
    detail = f"Host {error.host!r} is not allowed to read here: add it to ALLOWED_HOSTS"
    return Answer(HTTPStatus.MISDIRECTED_REQUEST, Problem(detail))


def _invalid_content_length(error: InvalidContentLength) -> Answer:
    detail = f"Invalid content-length: {error.args[0]!r}"
    return Answer(HTTPStatus.BAD_REQUEST, Problem(detail))


def _not_running(error: NotRunning) -> Answer:
    return unavailable(str(error))


def _not_ready(error: NotReady) -> Answer:
    body = Unready("not ready", error.checks)
    return Answer(HTTPStatus.SERVICE_UNAVAILABLE, body, RETRY_LATER)


NOT_FOUND = Answer(HTTPStatus.NOT_FOUND, Problem("Not Found"))
"""For a path that no route has, in the framework's words."""

_ANSWERS: Mapping[type, Answer | Callable[[Any], Answer]] = {
    InvalidSignature: Answer(HTTPStatus.UNAUTHORIZED, Problem("invalid signature")),
    TokenRequired: _no_access("a bearer token is required", _CHALLENGE),
    InvalidToken: _no_access("invalid token", f'{_CHALLENGE}, error="invalid_token"'),
    HostNotAllowed: _host_not_allowed,
    InvalidInput: _invalid_input,
    SecretNotConfigured: unavailable("no webhook secret is configured"),
    # The log has the reason; the sender needs to know only that trying again is safe.
    StorageUnavailable: unavailable("unavailable, try again"),
    TooManyInFlight: unavailable("too many requests at once, try again"),
    NotReady: _not_ready,
    NotRunning: _not_running,
    BodyTooLarge: Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, Problem("Request Entity Too Large")),
    BodyCutOff: REQUEST_TIMEOUT,
    ClientGone: Answer(CLIENT_CLOSED_REQUEST, Problem("client disconnected prematurely")),
    InvalidContentLength: _invalid_content_length,
    Exception: Answer(HTTPStatus.INTERNAL_SERVER_ERROR, Problem("internal error")),
}
