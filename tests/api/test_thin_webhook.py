"""The way of `POST /webhook` past the framework: what takes it, and that it answers the same."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, cast

import httpx
import msgspec
import pytest
from dependency_injector import providers
from litestar.types import ASGIApp, Receive, Scope, Send

from lyftr_core import (
    AddOutcome,
    Ingested,
    InMemoryMessageRepository,
    SignedRequest,
    StorageUnavailable,
)
from lyftr_http.api.thin_webhook import ThinWebhook
from lyftr_http.container import Container
from lyftr_http.exchange.body import MAX_BODY_SIZE
from lyftr_http.exchange.in_flight import InFlight
from lyftr_runtime.settings import Settings

Lines = Callable[[], list[dict[str, Any]]]
Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
Signed = Callable[..., dict[str, Any]]

_THIN = b"/webhook"
_FRAMEWORK = b"/%77ebhook"
"""The same path, and not the spelling that the thin way takes."""
_ORDINARY = {"method": "POST", "raw_path": _THIN, "root_path": "", "headers": [(b"host", b"a:80")]}


class _Failing(InMemoryMessageRepository):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    async def add(self, *_: object, **__: object) -> AddOutcome:
        raise self._error


async def _pieces(body: bytes, *, leave: bool = False) -> AsyncIterator[bytes]:
    for place in range(0, len(body), 1_000):
        yield body[place : place + 1_000]
    if leave:
        raise ConnectionResetError


def _seen(answer: httpx.Response) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    headers = [pair for pair in answer.headers.raw if pair[0] != b"x-request-id"]
    return answer.status_code, headers, answer.content


async def _both(client: httpx.AsyncClient, lines: Lines, make: Callable[[], dict[str, Any]]) -> int:
    """Send the same both ways, compare answers and log lines, and return the status."""
    start = len(lines())
    thin, framework = [
        _seen(await client.post("/", **make(), extensions={"target": target}))
        for target in (_THIN, _FRAMEWORK)
    ]
    assert thin == framework
    logged = [
        {name: line[name] for name in line if name not in {"timestamp", "latency_ms", "request_id"}}
        for line in lines()[start:]
    ]
    assert [line.pop("path") for line in logged] == ["/webhook", "/webhook"]
    for line in logged:
        line.pop("exception", None)  # its frames differ
    assert logged[0] == logged[1]
    return thin[0]


_REFUSED: dict[str, tuple[int, Callable[[Signed], dict[str, Any]]]] = {
    "unsigned": (401, lambda _: {"content": b"{}"}),
    "signed twice": (
        401,
        lambda signed: {
            "content": signed()["content"],
            "headers": [*signed()["headers"].items(), ("X-Signature", "0" * 64)],
        },
    ),
    "empty": (422, lambda signed: signed(b"")),
    "no JSON": (422, lambda signed: signed(b"no json")),
    "many faults": (422, lambda signed: signed(sender=1, ts="now", text="\0")),
    "announced as too large": (413, lambda _: {"content": bytes(MAX_BODY_SIZE + 1)}),
    "too large": (413, lambda _: {"content": _pieces(bytes(2 * MAX_BODY_SIZE))}),
    "no length": (
        400,
        lambda signed: signed() | {"headers": {"Content-Length": b"\xe9'"}},
    ),
    "no host": (400, lambda signed: signed() | {"headers": {"Host": "a b"}}),
    "gone": (499, lambda _: {"content": _pieces(b"{", leave=True)}),
}


@pytest.mark.parametrize("case", _REFUSED)
async def test_what_is_refused_is_answered_and_logged_the_same_both_ways(
    client: httpx.AsyncClient, lines: Lines, signed: Signed, case: str
) -> None:
    status, make = _REFUSED[case]
    assert await _both(client, lines, lambda: make(signed)) == status


@pytest.mark.parametrize(
    ("error", "status"),
    [(StorageUnavailable("full"), 503), (RuntimeError("boom"), 500), (OSError("boom"), 500)],
    ids=repr,
)
async def test_what_fails_is_answered_and_logged_the_same_both_ways(
    serve: Serve, lines: Lines, signed: Signed, error: Exception, status: int
) -> None:
    async with serve(_Failing(error)) as client:
        assert await _both(client, lines, signed) == status


async def test_a_missing_secret_is_answered_and_logged_the_same_both_ways(
    serve: Serve, lines: Lines, signed: Signed, settings: Settings
) -> None:
    bare = msgspec.structs.replace(settings, webhook_secret=None)
    async with serve(configured=bare) as client:
        assert await _both(client, lines, signed) == 503


async def test_what_is_taken_is_answered_and_logged_the_same_both_ways(
    client: httpx.AsyncClient, lines: Lines, signed: Signed
) -> None:
    await client.post("/webhook", **signed())
    assert await _both(client, lines, signed) == 200
    sent = signed()
    again = lambda: sent | {"content": _pieces(sent["content"])}  # noqa: E731 - for brevity
    assert await _both(client, lines, again) == 200


async def test_both_ways_are_counted_under_one_label(
    client: httpx.AsyncClient, signed: Signed
) -> None:
    for target in (_THIN, _FRAMEWORK):
        await client.post("/", **signed(), extensions={"target": target})
    metrics = (await client.get("/metrics")).text
    assert 'http_requests_total{method="POST",path="/webhook",status="200"} 2.0' in metrics


@pytest.mark.parametrize(
    ("target", "root_path", "status"),
    [
        (b"/webhook", "", 200),
        (b"/webhook?a=b", "", 200),
        (b"/webhook/", "", 404),
        (b"//webhook", "", 404),
        (b"/%77ebhook", "", 200),
        (b"/api/webhook", "/api", 200),
        (b"/api/webhook/", "/api", 404),
        (b"/api//webhook", "/api", 404),
        (b"/webhook", "/webhook", 405),  # that is /, which is read only
        (b"/webhook%2F", "", 404),
        (b"/webhook%3F", "", 404),
        (b"/Webhook", "", 404),
        (b"/webhook/x", "", 404),
        (b"/api/webhook", "", 404),
    ],
)
async def test_every_spelling_of_the_path_is_answered_as_ever(
    client: httpx.AsyncClient, signed: Signed, target: bytes, root_path: str, status: int
) -> None:
    where = {"target": target, "root_path": root_path}
    answer = await client.post("/", **signed(), extensions=where)
    assert answer.status_code == status


@pytest.mark.parametrize("target", [_THIN, _FRAMEWORK])
async def test_another_use_case_takes_its_place_at_the_next_request(
    serve: Serve, wire: Callable[..., Container], lines: Lines, target: bytes
) -> None:
    async def ingest(request: SignedRequest) -> Ingested:
        return Ingested(f"mine {len(request.body)}", AddOutcome.CONFLICT)

    container = wire(InMemoryMessageRepository())
    async with serve(container=container) as client:
        first = await client.post("/", content=b"abc", extensions={"target": target})
        with container.ingest_message.override(providers.Object(ingest)):
            second = await client.post("/", content=b"abc", extensions={"target": target})
    assert (first.status_code, second.status_code) == (401, 200)
    assert [line["message_id"] for line in lines()] == [None, "mine 3"]
    assert lines()[1]["result"] == "conflict"


@pytest.mark.parametrize(
    "change",
    [
        {"method": "GET"},
        {"method": "HEAD"},
        {"method": "OPTIONS"},
        {"method": "post"},
        {"raw_path": b"/webhook/"},
        {"raw_path": b"/%77ebhook"},
        {"raw_path": b"/webhook?a=b"},
        {"raw_path": None},
        {"raw_path": ...},
        {"root_path": "/webhook"},
        {"headers": [(b"host", b"a b")]},
        {"headers": [(b"host", b"a"), (b"host", b"a!b")]},
        {"type": "websocket", "method": ...},
    ],
    ids=str,
)
async def test_all_but_the_ordinary_request_is_left_to_the_framework(
    change: dict[str, object],
) -> None:
    assert await _left_to_the_framework(change)


@pytest.mark.parametrize("change", [{}, {"root_path": ...}, {"headers": []}], ids=str)
async def test_the_ordinary_request_is_not(change: dict[str, object]) -> None:
    assert not await _left_to_the_framework(change)


async def _left_to_the_framework(change: dict[str, object]) -> bool:
    left: list[Scope] = []

    async def framework(scope: Scope, receive: Receive, send: Send) -> None:
        left.append(scope)

    def asked() -> Any:  # noqa: ANN401 - it never returns
        raise KeyboardInterrupt

    scope = {"type": "http", **_ORDINARY, **change}
    scope = {name: value for name, value in scope.items() if value is not ...}
    nothing = cast("Callable[..., Any]", None)
    app = ThinWebhook(cast("ASGIApp", framework), asked, InFlight(1))
    try:
        await app(cast("Scope", scope), nothing, nothing)
    except KeyboardInterrupt:
        assert not left
    return bool(left)
