"""`GET /static/{version}/{name}`: what the pages load besides themselves."""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from lyftr_http.page.static_files import STATIC_FILES, read_static_file, static_version
from lyftr_http.routes.read_only import get

__all__ = ["get_static_file"]

_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


@get("/static/{version:str}/{name:str}", include_in_schema=False, sync_to_thread=False)
def get_static_file(version: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """Return a file. A page of an earlier version gets it as it is now, and is not to keep it."""
    file = STATIC_FILES.get(name)
    if file is None:
        raise NotFoundException("no such file")
    headers = _FOR_EVER if version == static_version() else {}
    return Response(read_static_file(name), media_type=file.media_type, headers=headers)
