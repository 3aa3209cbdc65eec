"""What the pages load: known files alone, for ever where the address says which; and no others."""

import hashlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpx
import msgspec
import pytest

import lyftr_http
from lyftr_http.page.static_files import STATIC_FILES, read_static_file, static_version
from lyftr_runtime.settings import Secret, Settings

Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]

_FOLDER = Path(lyftr_http.__path__[0], "page", "static")
_RELEASED = {
    # htmx.org 2.0.11
    "htmx/LICENSE": "d3d2456f76414f2456104660ebd65aff1c04cd7966b942bdabd63f3cdb316a38",
    "htmx/htmx.min.js": "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717",
    # uplot 1.6.32
    "uplot/LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
    "uplot/uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "uplot/uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
}
"""SHA-256 of the files as the packages of npm have them."""


def test_what_others_made_is_as_they_published_it() -> None:
    vendor = _FOLDER / "vendor"
    found = {
        file.relative_to(vendor).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in vendor.rglob("*")
        if file.is_file()
    }
    assert found == _RELEASED
    assert b'version:"2.0.11"' in read_static_file("htmx.min.js")
    assert b"uPlot (v1.6.32)" in read_static_file("uPlot.iife.min.js")


def test_every_file_is_served_but_the_licences() -> None:
    files = {file.relative_to(_FOLDER).as_posix() for file in _FOLDER.rglob("*.*")}
    assert files == {file.path for file in STATIC_FILES.values()}


@pytest.mark.parametrize("name", STATIC_FILES)
async def test_a_file_is_kept_for_ever_under_the_present_version(
    client: httpx.AsyncClient, name: str
) -> None:
    answer = await client.get(f"/static/{static_version()}/{name}")
    assert (answer.status_code, answer.content) == (200, read_static_file(name))
    assert answer.headers["content-type"].startswith(STATIC_FILES[name].media_type)
    assert answer.headers.get_list("cache-control") == ["public, max-age=31536000, immutable"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert (await client.head(f"/static/{static_version()}/{name}")).status_code == 200


async def test_under_another_version_a_file_is_not_kept(client: httpx.AsyncClient) -> None:
    answer = await client.get("/static/000000000000/app.css")
    assert (answer.status_code, answer.content) == (200, read_static_file("app.css"))
    assert answer.headers.get_list("cache-control") == ["no-store"]


@pytest.mark.parametrize(
    "path", ["x", "x/x", "x/..%2Fstatic_files.py", "x/LICENSE", "x/vendor/htmx/htmx.min.js", "x/"]
)
async def test_what_is_none_of_the_files_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get("/", extensions={"target": f"/static/{path}".encode()})
    assert answer.status_code == 404


async def test_the_files_need_no_token(serve: Serve, settings: Settings) -> None:
    guarded = msgspec.structs.replace(settings, api_tokens=(Secret("canary-token"),))
    async with serve(configured=guarded) as client:
        assert (await client.get(f"/static/{static_version()}/app.css")).status_code == 200
        assert (await client.get("/stats")).status_code == 401
