"""One line of the log for each request: its fields, and what is never in it."""

import io
import re
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import msgspec
import pytest

from lyftr_core import StorageUnavailable
from lyftr_runtime.settings import Secret, Settings
from tests.support.broken_repository import BrokenRepository

Deliver = Callable[..., Awaitable[None]]
Lines = Callable[[], list[dict[str, Any]]]
Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
Signed = Callable[..., dict[str, Any]]

_FIELDS = [
    *("timestamp", "level", "event", "request_id"),
    *("method", "path", "status", "latency_ms"),
]
_WEBHOOK_FIELDS = [*_FIELDS, "result", "message_id", "duplicate"]
_PHONES = ("+4915144444444", "+4915155555555")


async def test_a_line_has_exactly_the_documented_fields(
    client: httpx.AsyncClient, lines: Lines
) -> None:
    await client.get("/messages?q=a")
    (line,) = lines()
    assert list(line) == _FIELDS
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", line["timestamp"])
    assert (line["level"], line["method"], line["path"], line["status"]) == (
        *("info", "GET", "/messages", 200),
    )
    assert isinstance(line["event"], str)
    assert 0 < line["latency_ms"] < 10_000


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/x", 404),
        ("GET", "/webhook", 405),
        ("FOO", "/stats", 405),
        ("HEAD", "/stats", 200),
        ("OPTIONS", "/stats", 204),
        ("GET", "/messages?limit=x", 422),
        ("GET", "/metrics", 200),
        ("GET", "/health/ready", 200),
    ],
)
async def test_every_request_has_one_line(
    client: httpx.AsyncClient, lines: Lines, method: str, path: str, status: int
) -> None:
    await client.request(method, path)
    (line,) = lines()
    assert list(line) == _FIELDS
    assert (line["method"], line["path"], line["status"]) == (
        method,
        path.partition("?")[0],
        status,
    )


async def test_lines_are_written_whole_and_in_order(
    client: httpx.AsyncClient, lines: Lines, output: io.BytesIO
) -> None:
    for name in "abc":
        await client.get(f"/messages/{name}")
        assert output.getvalue().endswith(b"}\n")
    assert [line["path"] for line in lines()] == ["/messages/a", "/messages/b", "/messages/c"]


async def test_lines_of_webhooks_tell_what_became_of_them(
    client: httpx.AsyncClient, deliver: Deliver, lines: Lines
) -> None:
    await deliver(
        {"message_id": "a/b é"}, {"message_id": "a/b é"}, {"message_id": "a/b é", "text": ""}
    )
    assert all(list(line) == _WEBHOOK_FIELDS for line in lines())
    assert [(line["result"], line["duplicate"]) for line in lines()] == [
        ("created", False),
        ("duplicate", True),
        ("conflict", False),
    ]
    assert {line["message_id"] for line in lines()} == {"a/b é"}


async def test_lines_of_refused_webhooks_have_the_same_fields(
    client: httpx.AsyncClient, signed: Signed, lines: Lines
) -> None:
    await client.post("/webhook", content=b"{}")
    await client.post("/webhook", **signed(b"not json"))
    await client.post("/webhook", **signed(text=1))
    assert all(list(line) == _WEBHOOK_FIELDS for line in lines())
    assert [(line["status"], line["result"], line["duplicate"]) for line in lines()] == [
        (401, "invalid_signature", False),
        (422, "validation_error", False),
        (422, "validation_error", False),
    ]


@pytest.mark.parametrize(
    ("body", "message_id"),
    [
        (b'{"message_id":"a/b \xc3\xa9"}', "a/b é"),
        (b'{"message_id":"m1","from":"12","to":1,"ts":"","text":"\\ud800"}', "m1"),
        (b'{"message_id":"first","message_id":"last"}', "last"),
        (b'{"message_id":"%b"}' % (b"x" * 255), "x" * 255),
        (b'{"message_id":"%b"}' % (b"x" * 256), None),
        (b'{"message_id":""}', None),
        (b'{"message_id":"a\\u0007"}', None),
        (b'{"message_id":"\\ud800"}', None),
        (b'{"message_id":1}', None),
        (b'{"message_id":null}', None),
        (b"{}", None),
        (b'["message_id"]', None),
        (b'{"message_id":"m1"', None),
        (b'{"message_id":"m1","text":"\xff"}', None),
        (b'{"message_id":"m1","other":%b}' % (b"[" * 101 + b"]" * 101), None),
    ],
)
async def test_line_of_an_invalid_message_has_its_identifier_where_that_is_valid(
    client: httpx.AsyncClient, signed: Signed, lines: Lines, body: bytes, message_id: str | None
) -> None:
    assert (await client.post("/webhook", **signed(body))).status_code == 422
    (line,) = lines()
    assert (line["result"], line["message_id"]) == ("validation_error", message_id)


async def test_line_of_a_message_that_was_not_committed_has_its_identifier(
    serve: Serve, signed: Signed, lines: Lines
) -> None:
    async with serve(BrokenRepository(StorageUnavailable("full"))) as client:
        await client.post("/webhook", **signed())
    (line,) = lines()
    assert (line["status"], line["message_id"]) == (503, "m1")


async def test_line_of_what_is_not_verified_has_no_identifier(
    serve: Serve, client: httpx.AsyncClient, signed: Signed, settings: Settings, lines: Lines
) -> None:
    await client.post("/webhook", **signed() | {"headers": {"X-Signature": "0" * 64}})
    async with serve(configured=msgspec.structs.replace(settings, webhook_secret=None)) as other:
        await other.post("/webhook", **signed())
    assert [(line["status"], line["message_id"]) for line in lines()] == [(401, None), (503, None)]


async def test_a_refused_signature_is_a_warning_that_does_not_say_why(
    client: httpx.AsyncClient, signed: Signed, lines: Lines
) -> None:
    for headers in ({}, {"X-Signature": "0" * 64}, {"X-Signature": "none"}):
        await client.post("/webhook", content=signed()["content"], headers=headers)
    wanted = ("warning", "request", 401, "invalid_signature")
    for line in lines():
        assert (line["level"], line["event"], line["status"], line["result"]) == wanted
        assert list(line) == _WEBHOOK_FIELDS


async def test_a_refused_token_is_a_warning_and_none_at_all_is_not(
    serve: Serve, settings: Settings, lines: Lines
) -> None:
    async with serve(
        configured=msgspec.structs.replace(settings, api_tokens=(Secret("right"),))
    ) as client:
        await client.get("/messages", headers={"Authorization": "Bearer wrong"})
        await client.post("/login", data={"token": "wrong"})
        await client.get("/messages")
    assert [(line["status"], line["level"]) for line in lines()] == [
        (401, "warning"),
        (401, "warning"),
        (401, "info"),
    ]


async def test_line_of_a_webhook_that_was_not_committed_adds_the_reason(
    serve: Serve, signed: Signed, lines: Lines
) -> None:
    async with serve(BrokenRepository(StorageUnavailable("full"))) as client:
        await client.post("/webhook", **signed())
    (line,) = lines()
    assert list(line) == [*_WEBHOOK_FIELDS, "error"]
    assert (line["level"], line["status"], line["duplicate"]) == ("warning", 503, False)


async def test_line_of_an_unforeseen_error_adds_the_traceback(
    serve: Serve, signed: Signed, lines: Lines
) -> None:
    async with serve(BrokenRepository(RuntimeError("boom"))) as client:
        await client.post("/webhook", **signed())
    (line,) = lines()
    assert set(line) - set(_WEBHOOK_FIELDS) == {"exception"}
    assert set(_FIELDS) < set(line)


async def test_level_decides_what_is_written(
    serve: Serve, signed: Signed, settings: Settings, lines: Lines
) -> None:
    quiet = msgspec.structs.replace(settings, log_level="ERROR")
    async with serve(BrokenRepository(RuntimeError("boom")), quiet) as client:
        await client.get("/messages")
        await client.post("/webhook", **signed())
    assert [line["status"] for line in lines()] == [500]


@pytest.mark.parametrize("error", [None, StorageUnavailable("full"), RuntimeError("boom")], ids=str)
async def test_no_text_number_signature_secret_or_query_is_ever_written(
    serve: Serve, signed: Signed, settings: Settings, output: io.BytesIO, error: Exception | None
) -> None:
    sender, recipient = _PHONES
    sent = signed(text="canary-text", sender=sender, recipient=recipient)
    bad = signed(text="canary-text\0", sender=sender, recipient="canary-to", ts="canary-ts")
    async with serve(BrokenRepository(error) if error else None) as client:
        for request in (sent, sent, bad, sent | {"headers": {"X-Signature": "canary-sig"}}):
            await client.post("/webhook?canary-query", **request)
        for query in (f"from=%2B{sender[1:]}", "q=canary-query", "cursor=canary-query", "canary"):
            await client.get(f"/messages?{query}")
            await client.get(f"/x?{query}")
            await client.get(f"/messages/m1?{query}")
    written = output.getvalue().decode()
    assert written.count("\n") == 16
    signatures = [request["headers"]["X-Signature"] for request in (sent, bad)]
    assert settings.webhook_secret
    for canary in ("canary", *(p[1:] for p in _PHONES), *signatures, settings.webhook_secret.value):
        assert canary not in written
