"""Swagger UI, a release as it was published, and the page that shows it.

Its own files are `swagger-ui-bundle.js` and `swagger-ui.css`, with what their licences want said.
"""

from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

__all__ = ["FILES", "PAGE", "VERSION", "ServedFile", "load", "read"]

VERSION: Final = "5.35.0"
"""That of Swagger UI."""

PAGE: Final = "index.html"
"""The page. In it `{root}` stands for the path under which the application is mounted."""


class ServedFile(NamedTuple):
    """How a file is served.

    Attributes:
        media_type: Its type.
        is_released: Whether it is the same as long as `VERSION` is.
    """

    media_type: str
    is_released: bool


FILES: Final = {
    "swagger-ui-bundle.js": ServedFile("text/javascript", is_released=True),
    "swagger-ui.css": ServedFile("text/css", is_released=True),
    "page.css": ServedFile("text/css", is_released=False),
    "start.js": ServedFile("text/javascript", is_released=False),
}
"""What the page loads, by name."""


def load() -> None:
    """Read all files, so that later none must be opened."""
    for name in (PAGE, *FILES):
        read(name)


@cache
def read(name: str) -> bytes:
    """Return what is in a file, from memory once it was asked for.

    Args:
        name: `PAGE`, or one of `FILES`.
    """
    return files(__name__).joinpath(name).read_bytes()
