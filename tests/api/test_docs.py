"""The page of the API: its files, their headers, and whose they are."""

import hashlib
import re
from importlib.resources import files

import httpx
import pytest

from lyftr_http.api.swagger_ui import FILES, PAGE, VERSION, read

_RELEASE = {
    "swagger-ui-bundle.js": "e6a898692f2d768e807c3ba4626068a69a2c5dd960dd6c76f3e4d3a3de180af2",
    "swagger-ui.css": "5ed08757e53da3e026d6cbecc61fe5d43585c9560b302d534ad56692519a273d",
}
"""The SHA-256 of what swagger-ui-dist 5.35.0 has under these names."""


def test_what_is_not_ours_is_the_release_to_the_byte() -> None:
    assert VERSION == "5.35.0"
    folder = files("lyftr_http.api.swagger_ui")
    digests = {
        name: hashlib.sha256(folder.joinpath(name).read_bytes()).hexdigest() for name in _RELEASE
    }
    assert digests == _RELEASE
    assert {name for name, served in FILES.items() if served.is_released} == set(_RELEASE)


@pytest.mark.parametrize("name", ["LICENSE", "NOTICE", "swagger-ui-bundle.js.LICENSE.txt"])
def test_the_licences_of_what_is_not_ours_are_there(name: str) -> None:
    assert files("lyftr_http.api.swagger_ui").joinpath(name).read_text()


async def test_the_page_lets_scripts_and_styles_come_from_the_server_alone(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/docs")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    (policy,) = answer.headers.get_list("content-security-policy")
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
    assert answer.headers["cache-control"] == "no-store"


async def test_all_that_the_page_names_is_there(client: httpx.AsyncClient) -> None:
    page = (await client.get("/docs")).text
    named = re.findall(r'(?:href|src)="(/[^"]*)"', page)
    assert {path.partition("?")[0].removeprefix("/docs/") for path in named} >= set(FILES)
    for path in named:
        assert (await client.get(path)).status_code == 200


@pytest.mark.parametrize("name", FILES)
async def test_a_file_is_kept_if_its_address_has_its_version(
    client: httpx.AsyncClient, name: str
) -> None:
    answer = await client.get(f"/docs/{name}?v={VERSION}")
    assert answer.content == read(name)
    assert answer.headers["content-type"] == f"{FILES[name].media_type}; charset=utf-8"
    is_kept = answer.headers["cache-control"] != "no-store"
    assert is_kept == (f"{name}?v={VERSION}" in read(PAGE).decode().replace("{version}", VERSION))
    for query in ("", "?", "?v=", "?v=0", f"?v={VERSION}0", f"?v=0&v={VERSION}", f"?V={VERSION}"):
        answer = await client.get(f"/docs/{name}{query}")
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert (await client.head(f"/docs/{name}")).status_code == 200


@pytest.mark.parametrize("name", [PAGE, "__init__.py", "LICENSE", "..%2Fapp.py", "%00", "a"])
async def test_no_other_file_is_shown(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"/docs/{name}")
    assert (answer.status_code, answer.json()) == (404, {"detail": "no such file"})


async def test_the_page_finds_its_files_where_the_application_is_mounted(
    client: httpx.AsyncClient,
) -> None:
    extensions = {"root_path": '/in"box', "target": b"/docs"}
    page = (await client.get("/docs", extensions=extensions)).text
    assert 'src="/in&quot;box/docs/start.js"' in page
