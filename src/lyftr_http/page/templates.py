"""Answers in HTML from the templates of this package, which escape every value they show."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import MediaType, Request, Response

from lyftr_http.page.static_files import static_version

__all__ = ["PAGE_POLICY", "load_templates", "respond", "root_of"]

PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""The `Content-Security-Policy` of a page: everything comes from this server, nothing is inline."""

_PAGE_HEADERS: Final = {
    "Content-Security-Policy": PAGE_POLICY,
    # Without a referrer a browser would not say either which site a form comes from.
    "Referrer-Policy": "same-origin",
}
"""What a page has of its own among the security headers."""


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("lyftr_http.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def load_templates() -> None:
    """Read all templates and the files that their pages load, so that later none must be opened."""
    static_version()
    for name in _environment().list_templates():
        _environment().get_template(name)


def root_of(request: Request[Any, Any, Any]) -> str:
    """Return the path below which the application is mounted, empty for none."""
    return str(request.scope.get("root_path", ""))


def respond(
    template: str,
    request: Request[Any, Any, Any],
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: object,
) -> Response[str]:
    """Return the answer that is a page, or a part of one.

    Args:
        template: The name of the template.
        request: The request that it answers.
        status: The HTTP status.
        headers: The headers beyond those of every page.
        **values: What the template shows.
    """
    root = root_of(request)
    static = f"{root}/static/{static_version()}"
    html = _environment().get_template(template).render(values, root=root, static=static)
    all_headers = {**_PAGE_HEADERS, **(headers or {})}
    return Response(html, status_code=status, media_type=MediaType.HTML, headers=all_headers)
