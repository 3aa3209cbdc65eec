"""HTML from the templates of this package. Whatever a template is given is escaped."""

from functools import cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from lyftr_http.page.static_files import static_version

__all__ = ["PAGE_HEADERS", "PAGE_POLICY", "Templates"]

PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""The `Content-Security-Policy` of a page: everything comes from this server, nothing is inline."""

PAGE_HEADERS: Final = {
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


class Templates:
    """The templates. Those that were not loaded are read when they are first used."""

    def load(self) -> None:
        """Read all templates and what their pages load, so that later no file must be opened."""
        static_version()
        for name in _environment().list_templates():
            _environment().get_template(name)

    def render(self, name: str, root: str, **values: object) -> str:
        """Return the HTML of a page, or of a piece of one.

        Args:
            name: Of the template.
            root: The path below which the application is mounted, empty for none.
            **values: What it shows.
        """
        template = _environment().get_template(name)
        return template.render(values, root=root, static=f"{root}/static/{static_version()}")
