"""`GET /stream`: what is asked and answered around the stream itself, on a real file."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import msgspec
import pytest

from lyftr_runtime.settings import Secret, Settings
from tests.support.listener import Listener

Deliver = Callable[..., Awaitable[None]]
Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
Lines = Callable[[], list[dict[str, Any]]]


def listen(client: httpx.AsyncClient, target: str = "/stream", **headers: str) -> Listener:
    return Listener(client._transport._app, target, **headers)  # type: ignore[attr-defined] # that of the fixture


async def test_committed_messages_come_as_they_are_elsewhere(
    client: httpx.AsyncClient, deliver: Deliver
) -> None:
    await deliver({"message_id": "before"})
    async with listen(client) as listener:
        await deliver({"message_id": "b"}, {"message_id": "a", "text": "two\nlines\r\u2028"})
        assert await listener.ids(2) == ["b", "a"]
        for event, name in zip(listener.events, "ba", strict=True):
            item = (await client.get(f"/messages/{name}")).json()
            fields = dict(line.split(": ", 1) for line in event.split("\n") if line)
            assert (fields["id"], fields["event"]) == (str(item["seq"]), "message")
            assert msgspec.json.decode(fields["data"]) == item


async def test_answer_is_an_event_stream_that_nobody_keeps(client: httpx.AsyncClient) -> None:
    async with listen(client) as listener:
        assert listener.status == 200
        assert listener.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert listener.headers["cache-control"] == "no-store"
        assert listener.headers["x-accel-buffering"] == "no"


async def test_last_event_id_counts_more_than_after(
    client: httpx.AsyncClient, deliver: Deliver
) -> None:
    await deliver(*({"message_id": name} for name in "abc"))
    async with listen(client, "/stream?after=0", last_event_id="2") as listener:
        assert await listener.ids(1) == ["c"]
    async with listen(client, "/stream?after=1", last_event_id="") as listener:
        assert await listener.ids(2) == ["b", "c"]


async def test_filters_are_those_of_messages(client: httpx.AsyncClient, deliver: Deliver) -> None:
    async with listen(client, "/stream?from=+12&q=stra%C3%9Fe&until=2026-02-01T00:00:00Z") as found:
        await deliver(
            {"message_id": "a", "sender": "+12"},
            {"message_id": "b", "sender": "+13", "text": "STRASSE"},
            {"message_id": "c", "sender": "+12", "text": "STRASSE", "ts": "2026-03-01T00:00:00Z"},
            {"message_id": "d", "sender": "+12", "text": "STRASSE"},
        )
        assert await found.ids(1) == ["d"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("target", "headers", "expected"),
    [
        ("/stream?after=x", {}, [(["query", "after"], "not_an_integer")]),
        ("/stream?after=", {}, [(["query", "after"], "not_an_integer")]),
        ("/stream?after=9223372036854775808", {}, [(["query", "after"], "out_of_range")]),
        (
            "/stream?from=x&q=%00&after=-1",
            {},
            [
                (["query", "from"], "not_e164"),
                (["query", "q"], "nul_character"),
                (["query", "after"], "not_an_integer"),
            ],
        ),
        ("/stream", {"Last-Event-ID": "x"}, [(["header", "Last-Event-ID"], "not_an_integer")]),
        ("/stream", {"Last-Event-ID": "1" * 20}, [(["header", "Last-Event-ID"], "out_of_range")]),
        (
            "/stream",
            [("Last-Event-ID", "1"), ("Last-Event-ID", "1")],
            [(["header", "Last-Event-ID"], "repeated")],
        ),
    ],
)
async def test_every_bad_parameter_is_named(
    client: httpx.AsyncClient,
    method: str,
    target: str,
    headers: Any,  # noqa: ANN401 - as httpx takes them
    expected: list[tuple[list[str], str]],
) -> None:
    answer = await client.request(method, target, headers=headers)
    assert answer.status_code == 422
    if method == "GET":
        assert [(item["loc"], item["type"]) for item in answer.json()["detail"]] == expected


async def test_head_is_answered_at_once(client: httpx.AsyncClient) -> None:
    answer = await client.head("/stream")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"


async def test_streams_beyond_the_limit_are_told_to_come_again(
    serve: Serve, settings: Settings
) -> None:
    few = msgspec.structs.replace(settings, max_streams=2, max_reads_in_flight=1)
    async with serve(configured=few) as client:
        async with listen(client), listen(client):
            answer = await client.get("/stream")
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            assert answer.json() == {"detail": "too many requests at once, try again"}
            assert (await client.get("/messages")).status_code == 200
        async with listen(client) as listener:
            assert listener.status == 200


async def test_stream_is_for_those_alone_who_may_read(serve: Serve, settings: Settings) -> None:
    guarded = msgspec.structs.replace(settings, api_tokens=(Secret("token"),))
    async with serve(configured=guarded) as client:
        assert (await client.get("/stream?after=x")).status_code == 401
        async with listen(client, authorization="Bearer token") as listener:
            assert listener.status == 200


async def test_stream_has_its_log_line_when_it_ends(
    client: httpx.AsyncClient, lines: Lines
) -> None:
    async with listen(client, "/stream?from=%2B4711"):
        await asyncio.sleep(0.05)
        assert [line for line in lines() if line["event"] == "request"] == []
    await asyncio.sleep(0)
    (line,) = [line for line in lines() if line["event"] == "request"]
    assert (line["path"], line["status"], line["level"]) == ("/stream", 200, "info")
    assert line["latency_ms"] >= 50
    assert "4711" not in str(line)
