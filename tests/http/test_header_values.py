"""White space around a header's value belongs to no value (RFC 9110, section 5.5)."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import msgspec
import pytest

from lyftr_http.settings import Secret, Settings

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
