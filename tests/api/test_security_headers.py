"""The security headers: on every answer, whatever answers it."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest
from litestar.types import Receive, Scope, Send

from lyftr_core import StorageUnavailable
from lyftr_http.container import Container
from lyftr_http.exchange.headers import SECURITY_HEADERS, with_security_headers
from lyftr_http.observability.observation import Observation
from tests.support.broken_repository import BrokenRepository

Lines = Callable[[], list[dict[str, Any]]]
Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
Signed = Callable[..., dict[str, Any]]
Transport = Callable[[Any], httpx.AsyncBaseTransport]

_EXPECTED = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


def _assert_secured(answer: httpx.Response, status: int) -> None:
    assert answer.status_code == status
    assert {name: answer.headers.get_list(name) for name in _EXPECTED} == {
        name: [value] for name, value in _EXPECTED.items()
    }
    assert "server" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        *(("GET", "/health/live", 200), ("GET", "/metrics", 200), ("GET", "/stats", 200)),
        *(("GET", "/messages", 200), ("HEAD", "/messages", 200), ("GET", "/messages?limit=0", 422)),
        *(("GET", "/messages/none", 404), ("GET", "/nowhere", 404), ("PUT", "/stats", 405)),
        *(("OPTIONS", "/stats", 204), ("GET", "/schema/openapi.json", 200)),
        ("POST", "/webhook", 401),
    ],
)
async def test_an_answer_of_any_kind_has_them(
    client: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    _assert_secured(await client.request(method, path), status)


@pytest.mark.parametrize("path", ["/webhook", "/%77ebhook"], ids=["thin", "framework"])
async def test_an_answer_to_a_webhook_of_any_kind_has_them(
    client: httpx.AsyncClient, signed: Signed, path: str
) -> None:
    _assert_secured(await client.post(path, **signed()), 200)
    _assert_secured(await client.post(path, **signed(b"no JSON")), 422)
    _assert_secured(await client.post(path, content=bytes(65_537)), 413)


@pytest.mark.parametrize(
    ("error", "status"), [(StorageUnavailable("full"), 503), (RuntimeError("why"), 500)], ids=str
)
async def test_an_answer_to_a_failure_has_them(
    serve: Serve, signed: Signed, error: Exception, status: int
) -> None:
    async with serve(BrokenRepository(error)) as client:
        _assert_secured(await client.post("/webhook", **signed()), status)
        _assert_secured(await client.get("/messages/m1"), status)


async def test_what_fails_around_the_framework_is_answered_in_json_with_them_and_logged(
    wire: Callable[..., Container], lines: Lines, transport: Transport
) -> None:
    async def fail(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise RuntimeError("canary of the inside")

    container = wire()
    observed = Observation(fail, container.access_log())
    async with httpx.AsyncClient(transport=transport(observed), base_url="http://t") as client:
        answer = await client.get("/x")
    _assert_secured(answer, 500)
    assert answer.json() == {"detail": "internal error"}
    (line,) = lines()
    assert (line["status"], line["level"]) == (500, "error")
    assert "canary of the inside" in line["exception"]


async def test_what_fails_in_the_middle_of_an_answer_is_left_to_the_server(
    wire: Callable[..., Container],
) -> None:
    async def fail(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("in the middle")

    sent: asyncio.Queue[Any] = asyncio.Queue()
    scope: Any = {"type": "http", "method": "GET", "path": "/x", "headers": []}
    observed: Any = Observation(fail, wire().access_log())
    with pytest.raises(RuntimeError, match="in the middle"):
        await observed(scope, None, sent.put)
    assert sent.qsize() == 1


def test_an_answer_keeps_those_that_it_brings_itself() -> None:
    own = [(b"content-security-policy", b"default-src 'self'"), (b"set-cookie", b"a")]
    own = [*own, (b"set-cookie", b"b")]
    completed = with_security_headers(own)
    assert completed[:3] == own
    assert dict(completed) == {**dict(SECURITY_HEADERS), **dict(own)}
    assert len(completed) == len(SECURITY_HEADERS) + 2
