"""From an error to the answer it gets: the status, the JSON, the headers."""

from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.status_codes import (
    HTTP_401_UNAUTHORIZED,
    HTTP_422_UNPROCESSABLE_ENTITY,
    HTTP_500_INTERNAL_SERVER_ERROR,
    HTTP_503_SERVICE_UNAVAILABLE,
)

from lyftr_core import (
    InvalidInput,
    InvalidMessage,
    InvalidQuery,
    InvalidSignature,
    SecretNotConfigured,
    StorageUnavailable,
)
from lyftr_http.parameters import InvalidPath
from lyftr_http.request_record import record_of
from lyftr_http.responses import FaultItem, Invalid, Problem, Unready

__all__ = ["EXCEPTION_HANDLERS", "RETRY_LATER", "NotReady"]

RETRY_LATER = {"Retry-After": "1"}
"""In seconds: what passes by itself passes soon."""

_PLACES: dict[type[InvalidInput], str] = {
    InvalidMessage: "body",
    InvalidQuery: "query",
    InvalidPath: "path",
}


class NotReady(Exception):
    """A check of readiness failed.

    Attributes:
        checks: For each check `ok`, or what is missing.
    """

    def __init__(self, checks: dict[str, str]) -> None:
        super().__init__(", ".join(f"{name}: {state}" for name, state in checks.items()))
        self.checks = checks


AnyRequest = Request[Any, Any, Any]


def _invalid_signature(request: AnyRequest, exc: InvalidSignature) -> Response[Problem]:
    return _answer(request, exc, Problem("invalid signature"), HTTP_401_UNAUTHORIZED)


def _invalid_input(request: AnyRequest, exc: InvalidInput) -> Response[Invalid]:
    items = [FaultItem.of(fault, _PLACES[type(exc)]) for fault in exc.faults]
    return _answer(request, exc, Invalid(items), HTTP_422_UNPROCESSABLE_ENTITY)


def _unavailable(request: AnyRequest, exc: Exception) -> Response[Problem]:
    # The log has the reason; the sender needs to know only that trying again is safe.
    return _answer(
        request, exc, Problem("unavailable, try again"), HTTP_503_SERVICE_UNAVAILABLE, RETRY_LATER
    )


def _not_configured(request: AnyRequest, exc: SecretNotConfigured) -> Response[Problem]:
    body = Problem("no webhook secret is configured")
    return _answer(request, exc, body, HTTP_503_SERVICE_UNAVAILABLE, RETRY_LATER)


def _not_ready(request: AnyRequest, exc: NotReady) -> Response[Unready]:
    body = Unready("not ready", exc.checks)
    return _answer(request, exc, body, HTTP_503_SERVICE_UNAVAILABLE, RETRY_LATER)


def _http_error(request: AnyRequest, exc: HTTPException) -> Response[Problem]:
    return _answer(request, exc, Problem(exc.detail), exc.status_code, exc.headers)


def _unforeseen(request: AnyRequest, exc: Exception) -> Response[Problem]:
    return _answer(request, exc, Problem("internal error"), HTTP_500_INTERNAL_SERVER_ERROR)


def _answer(
    request: AnyRequest,
    exc: Exception,
    body: msgspec.Struct,
    status: int,
    headers: dict[str, str] | None = None,
) -> Response[Any]:
    record_of(request.state).error = exc
    return Response(body, status_code=status, headers=headers, media_type="application/json")


EXCEPTION_HANDLERS: dict[int | type[Exception], Any] = {
    InvalidSignature: _invalid_signature,
    InvalidInput: _invalid_input,
    SecretNotConfigured: _not_configured,
    StorageUnavailable: _unavailable,
    NotReady: _not_ready,
    HTTPException: _http_error,
    Exception: _unforeseen,
}
