"""What the pages load besides themselves: styles, scripts, pictures, all of them of this server.

Below `static/vendor` are releases of others as they were published, each with its licence; a test
compares them with what was looked at.
"""

import hashlib
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from lyftr_http.exchange.methods import get

__all__ = ["STATIC_FILES", "get_static_file", "read_static_file", "static_version"]

_FOLDER: Final = "static"
_SCRIPT: Final = "text/javascript"
_STYLE: Final = "text/css"


class StaticFile(NamedTuple):
    """A file that a page may load.

    Attributes:
        path: Where it is, below `static`.
        media_type: What it is.
    """

    path: str
    media_type: str


STATIC_FILES: Final = {
    "app.css": StaticFile("app.css", _STYLE),
    "app.js": StaticFile("app.js", _SCRIPT),
    "chart.js": StaticFile("chart.js", _SCRIPT),
    "copying.js": StaticFile("copying.js", _SCRIPT),
    "detail.js": StaticFile("detail.js", _SCRIPT),
    "inbox.css": StaticFile("inbox.css", _STYLE),
    "keyboard.js": StaticFile("keyboard.js", _SCRIPT),
    "live.js": StaticFile("live.js", _SCRIPT),
    "parts.js": StaticFile("parts.js", _SCRIPT),
    "rows.js": StaticFile("rows.js", _SCRIPT),
    "view.js": StaticFile("view.js", _SCRIPT),
    "htmx.min.js": StaticFile("vendor/htmx/htmx.min.js", _SCRIPT),
    "icon.svg": StaticFile("icon.svg", "image/svg+xml"),
    "uPlot.iife.min.js": StaticFile("vendor/uplot/uPlot.iife.min.js", _SCRIPT),
    "uPlot.min.css": StaticFile("vendor/uplot/uPlot.min.css", _STYLE),
}
"""All there are, by the name under which each is asked for."""


@cache
def read_static_file(name: str) -> bytes:
    """Return what is in a file, from memory once it was asked for.

    Args:
        name: One of `STATIC_FILES`.
    """
    return files(__package__).joinpath(_FOLDER, STATIC_FILES[name].path).read_bytes()


@cache
def static_version() -> str:
    """Return what stands for all files as they are, and for none of them otherwise."""
    digest = hashlib.sha256()
    for name in STATIC_FILES:
        digest.update(hashlib.sha256(read_static_file(name)).digest())
    return digest.hexdigest()[:12]


_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


@get("/static/{version:str}/{name:str}", include_in_schema=False, sync_to_thread=False)
def get_static_file(version: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """Return a file. A page of an earlier version gets it as it is now, and is not to keep it."""
    file = STATIC_FILES.get(name)
    if file is None:
        raise NotFoundException("no such file")
    headers = _FOR_EVER if version == static_version() else {}
    return Response(read_static_file(name), media_type=file.media_type, headers=headers)
