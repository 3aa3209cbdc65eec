"""Litestar's exception handlers: they note the error, and answer as `error_answers` says."""

from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException

from lyftr_http.access.browser import LoginRequired
from lyftr_http.exchange.answer import MEDIA_TYPE, Answer
from lyftr_http.exchange.errors import answer_to
from lyftr_http.exchange.representations import Problem
from lyftr_http.observability.record import record_of

__all__ = ["EXCEPTION_HANDLERS"]

AnyRequest = Request[Any, Any, Any]


def _http_error(request: AnyRequest, exc: HTTPException) -> Response[bytes]:
    """Answer an error of Litestar itself, such as 404 and 405."""
    return _respond(request, exc, Answer(exc.status_code, Problem(exc.detail), exc.headers))


def _login(request: AnyRequest, exc: LoginRequired) -> Response[bytes]:
    """Send a browser to where one can log in."""
    return _respond(request, exc, Answer(exc.status, Problem(str(exc)), exc.headers))


def _any_error(request: AnyRequest, exc: Exception) -> Response[bytes]:
    return _respond(request, exc, answer_to(exc))


def _respond(request: AnyRequest, exc: Exception, answer: Answer) -> Response[bytes]:
    record_of(request.scope).error = exc
    return Response(
        answer.body, status_code=answer.status, headers=answer.headers, media_type=MEDIA_TYPE
    )


EXCEPTION_HANDLERS: dict[int | type[Exception], Any] = {
    HTTPException: _http_error,
    LoginRequired: _login,
    Exception: _any_error,
}
