"""Which methods each route answers, and what is said of the others."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from lyftr_http.app import create_app
from lyftr_http.container import Container
from lyftr_runtime.settings import Settings

Deliver = Callable[..., Awaitable[None]]

_READING = [
    *("/messages", "/messages/m1", "/stats", "/health/live", "/health/ready", "/metrics"),
    *("/", "/schema/openapi.json"),
]


def _allowed(answer: httpx.Response) -> set[str]:
    return set(answer.headers["allow"].split(", "))


def _headers(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name != "x-request-id"}


@pytest.mark.parametrize(
    "path", [*_READING[:-3], "/messages/none", "/messages?limit=0", "/messages/%FF", _READING[-1]]
)
async def test_head_has_the_status_and_the_headers_of_get(
    client: httpx.AsyncClient, deliver: Deliver, path: str
) -> None:
    await deliver({})
    get, head = await client.get(path), await client.head(path)
    assert head.status_code == get.status_code
    assert _headers(head) == _headers(get)
    assert int(head.headers["content-length"]) == len(get.content)


async def test_head_of_metrics_has_the_status_and_the_type_of_get(
    client: httpx.AsyncClient,
) -> None:
    head = await client.head("/metrics")
    get = await client.get("/metrics")
    assert (head.status_code, list(_headers(head))) == (200, list(_headers(get)))
    assert head.headers["content-type"] == get.headers["content-type"]


@pytest.mark.parametrize("path", _READING)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "FOO"])
async def test_routes_that_read_allow_get_and_head(
    client: httpx.AsyncClient, path: str, method: str
) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == 405
    assert _allowed(answer) == {"GET", "HEAD", "OPTIONS"}
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"detail": "Method Not Allowed"}


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "TRACE", "FOO"])
async def test_the_webhook_allows_post(client: httpx.AsyncClient, method: str) -> None:
    answer = await client.request(method, "/webhook")
    assert answer.status_code == 405
    assert _allowed(answer) == {"POST", "OPTIONS"}
    assert answer.json() == {"detail": "Method Not Allowed"}


async def test_head_of_the_webhook_is_not_allowed(client: httpx.AsyncClient) -> None:
    answer = await client.head("/webhook")
    assert (answer.status_code, _allowed(answer)) == (405, {"POST", "OPTIONS"})


@pytest.mark.parametrize("path", [*_READING, "/webhook"])
async def test_options_tells_what_is_allowed(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.options(path)
    assert (answer.status_code, answer.content) == (204, b"")
    reading = {"GET", "HEAD", "OPTIONS"}
    assert _allowed(answer) == (reading if path != "/webhook" else {"POST", "OPTIONS"})


@pytest.mark.parametrize(
    "target",
    [
        *(b"/x", b"/webhooks", b"/Webhook", b"/messages/a/b", b"/health", b"/schema"),
        *(b"/schema/swagger", b"/%77ebhook%2F", b"/messages%2Fm1", b"/%FF", b"/\xff"),
        *(b"/..%2Fstats", b"/{message_id}", b"/static/x", b"*"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS", "FOO"])
async def test_what_matches_no_route_is_404_in_json(
    client: httpx.AsyncClient, method: str, target: bytes
) -> None:
    answer = await client.request(method, "/", extensions={"target": target})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"detail": "Not Found"}


@pytest.mark.parametrize("target", [b"/%77ebhook", b"/%73tat%73", b"/health%2Flive"])
async def test_a_route_may_be_percent_encoded_but_for_its_slashes(
    client: httpx.AsyncClient, target: bytes
) -> None:
    answer = await client.get("/", extensions={"target": target})
    expected = {b"/%77ebhook": 405, b"/%73tat%73": 200, b"/health%2Flive": 404}
    assert answer.status_code == expected[target]


async def test_a_host_that_is_none_is_refused_in_json(client: httpx.AsyncClient) -> None:
    answer = await client.get("/stats", headers={"Host": "a b"})
    assert answer.status_code == 400
    assert isinstance(answer.json()["detail"], str)


async def test_a_websocket_is_closed_without_being_accepted(
    wire: Callable[..., Container], settings: Settings
) -> None:
    app: Any = create_app(settings, wire())
    scope = {"type": "websocket", "path": "/stats", "raw_path": b"/stats", "headers": []}
    sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    await app(scope | {"query_string": b"", "scheme": "ws"}, None, sent.put)
    assert (await sent.get())["type"] == "websocket.close"
    assert sent.empty()
