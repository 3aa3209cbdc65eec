"""What a page says where the API would answer an error in JSON: the same status, in words."""

from typing import Any, Final

from litestar import MediaType, Request, Response

from lyftr_core import InvalidInput, StorageUnavailable
from lyftr_http.exchange.errors import HostNotAllowed, answer_to
from lyftr_http.exchange.in_flight import TooManyInFlight
from lyftr_http.observability.record import record_of
from lyftr_http.page.templates import PAGE_HEADERS, Templates

__all__ = ["PAGE_ERRORS"]

_WORDS: Final[dict[type[Exception], tuple[str, str]]] = {
    InvalidInput: (
        "This address is not one of ours.",
        "It may have been cut off, or belong to another search.",
    ),
    StorageUnavailable: (
        "The messages cannot be read just now.",
        "The database is busy, or the search too long: for one or two letters it may be.",
    ),
    HostNotAllowed: (
        "This server does not show messages under this name.",
        "Open it as localhost, or add the name to ALLOWED_HOSTS.",
    ),
    TooManyInFlight: ("Too many are reading at once.", "Try again in a moment."),
}
"""A title, and what it means to whoever reads it."""


def _explain(request: Request[Any, Any, Any], exc: Exception) -> Response[str]:
    """Answer an error in words, as a page or as a part of one."""
    record_of(request.scope).error = exc
    answer = answer_to(exc)
    title, words = next(_WORDS[kind] for kind in type(exc).__mro__ if kind in _WORDS)
    root = str(request.scope.get("root_path", ""))
    is_part = "hx-request" in request.headers
    html = Templates().render(
        "problem.html" if is_part else "error.html",
        root,
        title=title,
        words=words,
        back=f"{root}/" if isinstance(exc, InvalidInput) else "",
    )
    headers = {**answer.headers, **PAGE_HEADERS}
    return Response(html, status_code=answer.status, media_type=MediaType.HTML, headers=headers)


PAGE_ERRORS: Final[dict[int | type[Exception], Any]] = dict.fromkeys(_WORDS, _explain)
