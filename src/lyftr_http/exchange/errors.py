"""The errors that end a request, and the one table of what follows from each; no framework.

InvalidInput (lyftr_core)
├── InvalidPath             a part of the path breaks a rule
└── InvalidHeader           a header breaks a rule
StorageUnavailable (lyftr_core)
└── NotRunning              the lifespan of the application is not running
TokenRequired               the reader sent neither a token nor a session
└── InvalidToken            the reader sent a wrong token
HostNotAllowed  NoSuchMessage  NotReady  TooManyInFlight
BodyCutOff  BodyTooLarge  ClientGone  InvalidContentLength
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cached_property
from http import HTTPStatus
from typing import Any, cast

import msgspec
from msgspec.structs import replace

from lyftr_core import (
    InvalidInput,
    InvalidMessage,
    InvalidQuery,
    InvalidSignature,
    SecretNotConfigured,
    StorageUnavailable,
)
from lyftr_core.errors import DataRefused
from lyftr_http.exchange.answer import CLIENT_CLOSED_REQUEST, RETRY_LATER, Answer
from lyftr_http.exchange.representations import FaultItem, Invalid, Problem, Unready

__all__ = [
    "ERRORS",
    "NOT_FOUND",
    "BodyCutOff",
    "BodyTooLarge",
    "ClientGone",
    "ErrorEntry",
    "HostNotAllowed",
    "InvalidContentLength",
    "InvalidHeader",
    "InvalidPath",
    "InvalidToken",
    "NoSuchMessage",
    "NotReady",
    "NotRunning",
    "TokenRequired",
    "TooManyInFlight",
    "WebhookResult",
    "answer_to",
    "entry_of",
]


class BodyCutOff(Exception):
    """The body took too long to arrive; what arrived of it is incomplete."""


class BodyTooLarge(Exception):
    """The body, or its announced size, is larger than `MAX_BODY_SIZE`."""


class ClientGone(Exception):
    """The client disconnected before its request was complete."""


class InvalidContentLength(Exception):
    """The Content-Length is not a number."""


class InvalidPath(InvalidInput):
    """A part of the path breaks a rule."""


class InvalidHeader(InvalidInput):
    """A header breaks a rule."""


class TooManyInFlight(Exception):
    """The limit of concurrent requests is reached."""

    def __str__(self) -> str:
        return "too many requests in flight"


class NoSuchMessage(Exception):
    """No stored message has the requested identifier."""


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
    """The request has neither a bearer token nor a session."""


class InvalidToken(TokenRequired):
    """The bearer token of the request is not a configured one."""


class WebhookResult(StrEnum):
    """What became of a webhook, as counted and logged."""

    CREATED = "created"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    INVALID_SIGNATURE = "invalid_signature"
    VALIDATION_ERROR = "validation_error"
    UNAVAILABLE = "unavailable"
    ERROR = "error"


class ErrorEntry(msgspec.Struct, frozen=True, dict=True):
    """What follows from one kind of error.

    Attributes:
        status: The HTTP status of the answer.
        body: The body of the answer, or a function that makes it from the error.
        headers: The headers of the answer beyond those that every answer has.
        meaning: Describes the answer in the OpenAPI document.
        shape: The type of the body in the OpenAPI document.
        page: The title and the text of a page for this error. Without them a page answers as the
            API does.
        result: How a webhook with this error is counted and logged.
        is_refused_proof: Whether a signature or a token was refused, which is logged as a warning.
    """

    status: int
    body: msgspec.Struct | Callable[[Any], msgspec.Struct]
    headers: Mapping[str, str] = {}
    meaning: str = ""
    shape: type[msgspec.Struct] = Problem
    page: tuple[str, str] | None = None
    result: WebhookResult = WebhookResult.ERROR
    is_refused_proof: bool = False

    def answer_to(self, error: Exception) -> Answer:
        """Return the answer to one error of this kind."""
        if callable(self.body):
            return Answer(self.status, self.body(error), self.headers)
        return self._encoded

    @cached_property
    def _encoded(self) -> Answer:
        return Answer(self.status, cast("msgspec.Struct", self.body), self.headers)


_CHALLENGE = 'Bearer realm="lyftr"'
"""What a reader without a valid token is asked for (RFC 6750, section 3)."""
_TOKEN_REQUIRED = ErrorEntry(
    HTTPStatus.UNAUTHORIZED,
    Problem("a bearer token is required"),
    {"WWW-Authenticate": _CHALLENGE},
    meaning="There is no bearer token, or a wrong one.",
)
_UNAVAILABLE = ErrorEntry(
    HTTPStatus.SERVICE_UNAVAILABLE,
    # The log has the reason; the sender needs to know only that it is safe to retry.
    Problem("unavailable, try again"),
    RETRY_LATER,
    meaning="Not done; safe to retry after `Retry-After` seconds.",
    page=(
        "The messages cannot be read just now.",
        "The database is busy, or the search too long: for one or two letters it may be.",
    ),
    result=WebhookResult.UNAVAILABLE,
)


def _invalid(place: str, result: WebhookResult = WebhookResult.ERROR) -> ErrorEntry:
    """Return the entry of faults in `body`, `query`, `path` or `header`."""
    return ErrorEntry(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        lambda error: Invalid([FaultItem.of(fault, place) for fault in error.faults]),
        meaning="The input breaks one or more rules; every fault is named.",
        shape=Invalid,
        page=(
            "This address is not one of ours.",
            "It may have been cut off, or belong to another search.",
        ),
        result=result,
    )


ERRORS: Mapping[type[Exception], ErrorEntry] = {
    InvalidSignature: ErrorEntry(
        HTTPStatus.UNAUTHORIZED,
        Problem("invalid signature"),
        meaning="The signature is missing, malformed or wrong.",
        result=WebhookResult.INVALID_SIGNATURE,
        is_refused_proof=True,
    ),
    TokenRequired: _TOKEN_REQUIRED,
    InvalidToken: replace(
        _TOKEN_REQUIRED,
        body=Problem("invalid token"),
        headers={"WWW-Authenticate": f'{_CHALLENGE}, error="invalid_token"'},
        is_refused_proof=True,
    ),
    HostNotAllowed: ErrorEntry(
        HTTPStatus.MISDIRECTED_REQUEST,
        lambda e: Problem(f"Host {e.host!r} is not allowed to read here: add it to ALLOWED_HOSTS"),
        meaning="Reads are open on a loopback address, and `Host` is not an allowed host.",
        page=(
            "This server does not show messages under this name.",
            "Open it as localhost, or add the name to ALLOWED_HOSTS.",
        ),
    ),
    InvalidMessage: _invalid("body", WebhookResult.VALIDATION_ERROR),
    InvalidQuery: _invalid("query"),
    InvalidPath: _invalid("path"),
    InvalidHeader: _invalid("header"),
    NoSuchMessage: ErrorEntry(
        HTTPStatus.NOT_FOUND, Problem("no such message"), meaning="There is no such message."
    ),
    SecretNotConfigured: replace(_UNAVAILABLE, body=Problem("no webhook secret is configured")),
    StorageUnavailable: _UNAVAILABLE,
    # The store works: a webhook that it does not take is counted as an error.
    DataRefused: replace(_UNAVAILABLE, result=WebhookResult.ERROR),
    NotRunning: replace(_UNAVAILABLE, body=lambda e: Problem(str(e)), result=WebhookResult.ERROR),
    TooManyInFlight: replace(
        _UNAVAILABLE,
        body=Problem("too many requests at once, try again"),
        page=("Too many are reading at once.", "Try again in a moment."),
    ),
    NotReady: ErrorEntry(
        HTTPStatus.SERVICE_UNAVAILABLE,
        lambda e: Unready("not ready", e.checks),
        RETRY_LATER,
        meaning="A check failed.",
        shape=Unready,
    ),
    BodyTooLarge: ErrorEntry(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        Problem("Request Entity Too Large"),
        meaning="The body is larger than 64 KiB.",
    ),
    BodyCutOff: ErrorEntry(
        HTTPStatus.REQUEST_TIMEOUT, Problem("the request took too long to arrive")
    ),
    ClientGone: ErrorEntry(CLIENT_CLOSED_REQUEST, Problem("client disconnected prematurely")),
    InvalidContentLength: ErrorEntry(
        HTTPStatus.BAD_REQUEST, lambda e: Problem(f"Invalid content-length: {e.args[0]!r}")
    ),
    Exception: ErrorEntry(HTTPStatus.INTERNAL_SERVER_ERROR, Problem("internal error")),
}
"""What follows from each error; an error that is not listed has the entry of its nearest base."""

NOT_FOUND = Answer(HTTPStatus.NOT_FOUND, Problem("Not Found"))
"""The answer for a path without a route, in the framework's words."""


def entry_of(error: Exception) -> ErrorEntry:
    """Return the entry of an error."""
    return next(ERRORS[kind] for kind in type(error).__mro__ if kind in ERRORS)


def answer_to(error: Exception) -> Answer:
    """Return the answer to an error; an unforeseen error is an internal one."""
    return entry_of(error).answer_to(error)
