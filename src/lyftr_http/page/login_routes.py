"""`/login` and `/logout`: a session for a browser, begun with a token."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from litestar import MediaType, Request, Response, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.exceptions import PermissionDeniedException
from litestar.params import SkipValidation

from lyftr_http.access.browser import is_from_our_pages, is_secure, local_path
from lyftr_http.access.readers import ReadAccess
from lyftr_http.access.sessions import LIFETIME, PLAIN_NAME, SECURE_NAME, Sessions
from lyftr_http.exchange.body import read_body
from lyftr_http.exchange.errors import InvalidToken
from lyftr_http.exchange.methods import get
from lyftr_http.exchange.scope_state import request_record
from lyftr_http.page.templates import respond, root_of

__all__ = ["log_in", "log_out", "show_login"]

AnyRequest = Request[Any, Any, Any]

_MOST_FIELDS = 8
_BYTES = "latin-1"
_WRONG = "That is not one of this server's tokens."


@get("/login", include_in_schema=False, sync_to_thread=False)
def show_login(
    request: AnyRequest,
    read_access: NamedDependency[SkipValidation[ReadAccess]],
    sessions: NamedDependency[SkipValidation[Sessions]],
) -> Response[str]:
    """Return the form, or send on whoever needs none."""
    target = _target(request, _fields(request.scope["query_string"]))
    if read_access.is_open or sessions.are_in(request.scope["headers"]):
        return _see_other(target)
    headers = {}
    if request.headers.get("sec-fetch-site") == "cross-site":
        # A browser that follows a link of another site keeps a cookie that is strict to itself.
        # Asked for once more, by this page, it sends the one that it may well have.
        headers["Refresh"] = "0"
    return _form(request, target, headers)


@post("/login", include_in_schema=False)
async def log_in(
    request: AnyRequest,
    read_access: NamedDependency[SkipValidation[ReadAccess]],
    sessions: NamedDependency[SkipValidation[Sessions]],
) -> Response[str]:
    """Begin a session for whoever brings a token."""
    _refuse_other_sites(request)
    fields = _fields(await read_body(request.scope, request.receive))
    target = _target(request, fields)
    if read_access.is_open:
        return _see_other(target)
    token = fields.get("token", "").strip().encode(_BYTES)
    if not read_access.takes(token):
        request_record(request.scope).error = InvalidToken()
        return _form(request, target, {}, _WRONG)
    begun = _cookie(sessions.begin(token), LIFETIME, secure=is_secure(request.scope))
    return _see_other(target, [begun])


@post("/logout", include_in_schema=False, sync_to_thread=False)
def log_out(request: AnyRequest) -> Response[str]:
    """End the sessions of a browser, in the browser: that over TLS, and that without."""
    _refuse_other_sites(request)
    ended = [_cookie("", 0, secure=secure) for secure in (True, False)]
    return _see_other(f"{root_of(request)}/login", ended)


def _form(
    request: AnyRequest,
    target: str,
    headers: dict[str, str],
    fault: str = "",
) -> Response[str]:
    status = HTTPStatus.UNAUTHORIZED if fault else HTTPStatus.OK
    return respond("login.html", request, status, headers, next=target, fault=fault)


def _see_other(location: str, cookies: Sequence[Cookie] = ()) -> Response[str]:
    return Response(
        "",
        status_code=HTTPStatus.SEE_OTHER,
        media_type=MediaType.TEXT,
        headers={"Location": location},
        cookies=cookies,
    )


def _cookie(value: str, age: int, *, secure: bool) -> Cookie:
    return Cookie(
        key=SECURE_NAME if secure else PLAIN_NAME,
        value=value,
        max_age=age,
        secure=secure,
        httponly=True,
        samesite="strict",
    )


def _refuse_other_sites(request: AnyRequest) -> None:
    if not is_from_our_pages(request.scope):
        raise PermissionDeniedException("the form is not from a page of this server")


def _fields(encoded: bytes) -> dict[str, str]:
    """Return the first of each field of a form, none of a form that has very many.

    Each character stands for a byte.
    """
    try:
        parsed = parse_qs(encoded.decode(_BYTES), encoding=_BYTES, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return {}
    return {name: values[0] for name, values in parsed.items()}


def _target(request: AnyRequest, fields: dict[str, str]) -> str:
    """Return where to go once logged in."""
    asked = local_path(fields.get("next", ""))
    return asked or f"{root_of(request)}/"
