"""White space around a header's value belongs to no value (RFC 9110, section 5.5)."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import msgspec
import pytest

from lyftr_runtime.settings import Secret, Settings

Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
Signed = Callable[..., dict[str, Any]]

_AROUND = ["{} ", "{}\t", " {}", "\t {} \t"]


@pytest.mark.parametrize("around", _AROUND)
async def test_the_signature(client: httpx.AsyncClient, signed: Signed, around: str) -> None:
    webhook = signed()
    webhook["headers"] = {"X-Signature": around.format(webhook["headers"]["X-Signature"])}
    assert (await client.post("/webhook", **webhook)).status_code == 200


@pytest.mark.parametrize("around", _AROUND)
async def test_the_request_identifier(client: httpx.AsyncClient, around: str) -> None:
    answer = await client.get("/health/live", headers={"X-Request-ID": around.format("mine")})
    assert answer.headers["x-request-id"] == "mine"


@pytest.mark.parametrize("around", _AROUND)
async def test_tokens_and_cookies(serve: Serve, settings: Settings, around: str) -> None:
    guarded = msgspec.structs.replace(settings, api_tokens=(Secret("a-token"),))
    async with serve(configured=guarded) as client:
        bearer = {"Authorization": around.format("Bearer a-token")}
        assert (await client.get("/stats", headers=bearer)).status_code == 200
        login = await client.post("/login", data={"token": "a-token"})
        client.cookies.clear()
        cookie = {"Cookie": around.format(login.headers["set-cookie"].partition(";")[0])}
        assert (await client.get("/stats", headers=cookie)).status_code == 200
        proxied = {"X-Forwarded-Proto": around.format("https")}
        secure = await client.post("/login", data={"token": "a-token"}, headers=proxied)
        assert secure.headers["set-cookie"].startswith("__Host-")


@pytest.mark.parametrize("around", _AROUND)
async def test_forms_of_our_pages(serve: Serve, settings: Settings, around: str) -> None:
    guarded = msgspec.structs.replace(settings, api_tokens=(Secret("a-token"),))
    async with serve(configured=guarded) as client:
        for name, value in (("Origin", "http://t"), ("Sec-Fetch-Site", "same-origin")):
            answer = await client.post("/logout", headers={name: around.format(value)})
            assert answer.status_code == 303


@pytest.mark.parametrize("around", _AROUND)
async def test_the_last_event_id(client: httpx.AsyncClient, around: str) -> None:
    headers = {"Last-Event-ID": around.format("x")}
    answer = await client.get("/stream?after=0", headers=headers)
    assert answer.json()["detail"][0]["type"] == "not_an_integer"
    headers = {"Last-Event-ID": around.format("1")}
    answer = await client.head("/stream?after=0", headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize("around", _AROUND)
async def test_the_host(client: httpx.AsyncClient, signed: Signed, around: str) -> None:
    host = {"Host": around.format("localhost:80")}
    assert (await client.get("/stats", headers=host)).status_code == 200
    webhook = signed()
    assert (
        await client.post("/webhook", **webhook | {"headers": webhook["headers"] | host})
    ).status_code == 200


@pytest.mark.parametrize("around", _AROUND)
async def test_the_site_of_a_link(serve: Serve, settings: Settings, around: str) -> None:
    guarded = msgspec.structs.replace(settings, api_tokens=(Secret("a-token"),))
    async with serve(configured=guarded) as client:
        headers = {"Sec-Fetch-Site": around.format("cross-site")}
        assert (await client.get("/login", headers=headers)).headers["refresh"] == "0"


async def test_the_first_of_several_proxies_says_what_the_browser_spoke(
    serve: Serve, settings: Settings
) -> None:
    guarded = msgspec.structs.replace(settings, api_tokens=(Secret("a-token"),))
    async with serve(configured=guarded) as client:
        for said, prefix in ((("https", "http"), "__Host-"), (("http", "https"), "lyftr_")):
            headers = [("X-Forwarded-Proto", scheme) for scheme in said]
            answer = await client.post("/login", data={"token": "a-token"}, headers=headers)
            assert answer.headers["set-cookie"].startswith(prefix)


@pytest.mark.parametrize(
    ("name", "ours", "other"),
    [
        ("Sec-Fetch-Site", "same-origin", "cross-site"),
        ("Origin", "http://t", "http://evil.example"),
    ],
)
async def test_a_form_that_names_another_site_too_is_refused(
    client: httpx.AsyncClient, name: str, ours: str, other: str
) -> None:
    for values in ((ours, other), (other, ours)):
        answer = await client.post("/logout", headers=[(name, value) for value in values])
        assert answer.status_code == 403


@pytest.mark.parametrize("length", ["+5", "-5", "1_0", "5, 5", "0x5", ""])
async def test_a_length_that_is_not_digits_is_refused(
    client: httpx.AsyncClient, signed: Signed, length: str
) -> None:
    webhook = signed()
    webhook["headers"]["Content-Length"] = length
    answer = await client.post("/webhook", **webhook)
    assert answer.status_code == 400
    assert repr(length) in answer.json()["detail"]


@pytest.mark.parametrize("around", _AROUND)
async def test_the_length(client: httpx.AsyncClient, signed: Signed, around: str) -> None:
    webhook = signed()
    webhook["headers"]["Content-Length"] = around.format(len(webhook["content"]))
    assert (await client.post("/webhook", **webhook)).status_code == 200
