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
from lyftr_http.allowed_hosts import HostNotAllowed
from lyftr_http.answers import Answer
from lyftr_http.in_flight import TooManyInFlight
from lyftr_http.parameters import InvalidHeader, InvalidPath
from lyftr_http.read_access import InvalidToken, TokenRequired
from lyftr_http.request_body import BodyCutOff, BodyTooLarge, ClientGone, InvalidContentLength
from lyftr_http.responses import FaultItem, Invalid, Problem, Unready

__all__ = [
    "CLIENT_CLOSED_REQUEST",
    "HEAD_TOO_LARGE",
    "INVALID_REQUEST",
    "NOT_FOUND",
    "REQUEST_TIMEOUT",
    "SHUTTING_DOWN",
    "UPGRADE_REFUSED",
    "NotReady",
    "NotRunning",
    "answer_to",
]

CLIENT_CLOSED_REQUEST = 499
"""Logged where the client went away before its request was whole; nobody receives an answer."""

_RETRY_LATER = {"Retry-After": "1"}
"""In seconds: what passes by itself passes soon."""

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


def answer_to(error: Exception) -> Answer:
    """Return the answer that an error gets; one that nobody foresaw is an internal one."""
    answer = next(_ANSWERS[kind] for kind in type(error).__mro__ if kind in _ANSWERS)
    return answer if isinstance(answer, Answer) else answer(error)


def _no_access(detail: str, challenge: str) -> Answer:
    """Return the answer to a reader without a right token (RFC 6750, section 3)."""
    return Answer(HTTPStatus.UNAUTHORIZED, Problem(detail), {"WWW-Authenticate": challenge})


def _unavailable(detail: str) -> Answer:
    return Answer(HTTPStatus.SERVICE_UNAVAILABLE, Problem(detail), _RETRY_LATER)


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
    return _unavailable(str(error))


def _not_ready(error: NotReady) -> Answer:
    body = Unready("not ready", error.checks)
    return Answer(HTTPStatus.SERVICE_UNAVAILABLE, body, _RETRY_LATER)


SHUTTING_DOWN = _unavailable("shutting down, try again")
"""For what is in flight when the server's patience with a shutdown is over."""
REQUEST_TIMEOUT = Answer(HTTPStatus.REQUEST_TIMEOUT, Problem("the request took too long to arrive"))
HEAD_TOO_LARGE = Answer(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, Problem("more than 16 KiB or 100 headers")
)
NOT_FOUND = Answer(HTTPStatus.NOT_FOUND, Problem("Not Found"))
"""For a path that no route has, in the framework's words."""
INVALID_REQUEST = Answer(HTTPStatus.BAD_REQUEST, Problem("Invalid HTTP request received."))
UPGRADE_REFUSED = Answer(
    HTTPStatus.BAD_REQUEST, Problem("upgrade to another protocol is not supported")
)

_ANSWERS: Mapping[type, Answer | Callable[[Any], Answer]] = {
    InvalidSignature: Answer(HTTPStatus.UNAUTHORIZED, Problem("invalid signature")),
    TokenRequired: _no_access("a bearer token is required", _CHALLENGE),
    InvalidToken: _no_access("invalid token", f'{_CHALLENGE}, error="invalid_token"'),
    HostNotAllowed: _host_not_allowed,
    InvalidInput: _invalid_input,
    SecretNotConfigured: _unavailable("no webhook secret is configured"),
    # The log has the reason; the sender needs to know only that trying again is safe.
    StorageUnavailable: _unavailable("unavailable, try again"),
    TooManyInFlight: _unavailable("too many requests at once, try again"),
    NotReady: _not_ready,
    NotRunning: _not_running,
    BodyTooLarge: Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, Problem("Request Entity Too Large")),
    BodyCutOff: REQUEST_TIMEOUT,
    ClientGone: Answer(CLIENT_CLOSED_REQUEST, Problem("client disconnected prematurely")),
    InvalidContentLength: _invalid_content_length,
    Exception: Answer(HTTPStatus.INTERNAL_SERVER_ERROR, Problem("internal error")),
}
