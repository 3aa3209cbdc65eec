"""Which hosts a request may name where reads are open on a loopback address."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import msgspec
import pytest

from lyftr_runtime.settings import Secret, Settings

Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
Signed = Callable[..., dict[str, Any]]

_CHECKED = [
    *("/messages", "/messages/none", "/messages?limit=0", "/stats", "/stream"),
    *("/", "/?q=a", "/inbox/results", "/inbox/rows", "/inbox/message", "/inbox/figures"),
    *("/inbox/health", "/docs", "/docs/swagger-ui.css", "/schema/openapi.json"),
]
_UNCHECKED = ["/health/live", "/health/ready", "/metrics"]
_FOREIGN = [
    *("evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example"),
    *("", ":8000", "localhost:8000:1", "[::1", "::1", "[::1].evil.example", "127.0.0.2"),
    *("localhost, evil.example", "evil.example#localhost", "user@localhost", "localhost."),
    *("[127.0.0.1]", "[localhost]", "[::ffff:127.0.0.1]", "localhost:80, localhost"),
]
_OURS = [
    *("localhost", "LocalHost:8000", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:65535"),
    *("[0:0:0:0:0:0:0:1]:80", "localhost:"),
]


@pytest.fixture
def open_settings(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, allowed_hosts=())


async def _status(client: httpx.AsyncClient, path: str, host: str, method: str = "GET") -> int:
    return (await client.request(method, path, headers={"Host": host})).status_code


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", _CHECKED)
async def test_another_host_reads_nothing(
    serve: Serve, open_settings: Settings, path: str, method: str
) -> None:
    async with serve(configured=open_settings) as client:
        assert await _status(client, path, "evil.example:8000", method) == 421


async def test_the_answer_names_the_host_and_the_way_out(
    serve: Serve, open_settings: Settings
) -> None:
    async with serve(configured=open_settings) as client:
        answer = await client.get("/stats", headers={"Host": "inbox.example.com"})
        page = await client.get("/", headers={"Host": "inbox.example.com"})
    assert "'inbox.example.com'" in answer.json()["detail"]
    assert "ALLOWED_HOSTS" in answer.json()["detail"]
    assert "ALLOWED_HOSTS" in page.text
    assert page.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("host", _FOREIGN)
async def test_what_only_looks_like_a_loopback_host_is_another(
    serve: Serve, open_settings: Settings, host: str
) -> None:
    async with serve(configured=open_settings) as client:
        # Some of these the framework refuses first, as malformed.
        assert await _status(client, "/stats", host) in {400, 421}


@pytest.mark.parametrize("host", _OURS)
async def test_a_loopback_host_reads_in_every_spelling(
    serve: Serve, open_settings: Settings, host: str
) -> None:
    async with serve(configured=open_settings) as client:
        assert await _status(client, "/stats", host) == 200


async def test_a_request_that_names_no_host_or_two_reads_nothing(
    serve: Serve, open_settings: Settings
) -> None:
    async with serve(configured=open_settings) as client:
        client.headers["Host"] = "localhost"
        two = [("Host", "localhost"), ("Host", "localhost")]
        assert (await client.get("/stats", headers=two)).status_code == 421
        request = client.build_request("GET", "/stats")
        del request.headers["Host"]
        assert (await client.send(request)).status_code == 421


@pytest.mark.parametrize("host", ["evil.example", ""])
async def test_webhooks_health_and_metrics_take_any_host(
    serve: Serve, open_settings: Settings, signed: Signed, host: str
) -> None:
    async with serve(configured=open_settings) as client:
        for path in _UNCHECKED:
            assert await _status(client, path, host) == 200
        webhook = signed()
        webhook["headers"]["Host"] = host
        assert (await client.post("/webhook", **webhook)).status_code == 200


async def test_host_and_allowed_hosts_are_answered(serve: Serve, open_settings: Settings) -> None:
    configured = msgspec.structs.replace(
        open_settings, host="127.0.0.5", allowed_hosts=("Inbox.Example.com", "fd00::5")
    )
    async with serve(configured=configured) as client:
        for host in ("127.0.0.5:80", "inbox.example.COM", "[fd00:0::5]:1", "localhost"):
            assert await _status(client, "/stats", host) == 200
        for host in ("a.inbox.example.com", "127.0.0.6"):
            assert await _status(client, "/stats", host) == 421


@pytest.mark.parametrize(
    "changes",
    [{"allowed_hosts": ("a", "*")}, {"allow_anonymous_reads": True}],
    ids=["any host", "anonymous reads"],
)
async def test_nothing_is_checked_where_that_is_said(
    serve: Serve, open_settings: Settings, changes: dict[str, Any]
) -> None:
    async with serve(configured=msgspec.structs.replace(open_settings, **changes)) as client:
        for path in ("/messages", "/", "/docs"):
            assert await _status(client, path, "evil.example") == 200


async def test_with_tokens_a_token_is_enough(serve: Serve, open_settings: Settings) -> None:
    configured = msgspec.structs.replace(open_settings, api_tokens=(Secret("a-token"),))
    async with serve(configured=configured) as client:
        client.headers["Authorization"] = "Bearer a-token"
        assert await _status(client, "/messages", "evil.example") == 200
        assert await _status(client, "/docs", "evil.example") == 200


@pytest.mark.parametrize("path", ["/static/0/app.js", "/nowhere"])
async def test_what_shows_nothing_takes_any_host(
    serve: Serve, open_settings: Settings, path: str
) -> None:
    async with serve(configured=open_settings) as client:
        assert await _status(client, path, "evil.example") in {200, 404}
