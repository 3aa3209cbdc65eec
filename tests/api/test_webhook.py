"""`POST /webhook`: what a sender is told about a message that is right."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

Signed = Callable[..., dict[str, Any]]

_OK = b'{"status":"ok"}'


async def test_new_message_is_taken_and_can_be_read_back(
    client: httpx.AsyncClient, signed: Signed
) -> None:
    answer = await client.post("/webhook", **signed())
    assert (answer.status_code, answer.content) == (200, _OK)
    assert answer.headers["content-type"] == "application/json"
    assert (await client.get("/messages/m1")).json() == {
        "message_id": "m1",
        "from": "+919876543210",
        "to": "+14155550100",
        "ts": "2026-01-15T09:28:35Z",
        "text": "Hello",
        "received_at": "2026-01-15T12:30:15.25Z",
        "seq": 1,
    }


async def test_second_delivery_is_answered_the_same_and_stored_once(
    client: httpx.AsyncClient, signed: Signed
) -> None:
    for _ in range(3):
        answer = await client.post("/webhook", **signed())
        assert (answer.status_code, answer.content) == (200, _OK)
    assert (await client.get("/messages")).json()["total"] == 1


async def test_same_id_with_other_content_is_answered_the_same_and_the_first_is_kept(
    client: httpx.AsyncClient, signed: Signed
) -> None:
    await client.post("/webhook", **signed(text="first"))
    answer = await client.post("/webhook", **signed(text="second"))
    assert (answer.status_code, answer.content) == (200, _OK)
    page = (await client.get("/messages")).json()
    assert [item["text"] for item in page["items"]] == ["first"]


async def test_redelivery_that_was_serialised_anew_is_a_duplicate(
    client: httpx.AsyncClient, signed: Signed, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    sent = signed(text="Grüße", ts="2026-01-15T09:28:35.5Z")
    await client.post("/webhook", **sent)
    fields = json.loads(sent["content"]) | {"ts": "2026-01-15T09:28:35.500Z"}
    anew = json.dumps(dict(reversed(fields.items())), indent=2, ensure_ascii=False).encode()
    await client.post("/webhook", **signed(anew))
    assert [line["result"] for line in lines()] == ["created", "duplicate"]


async def test_of_many_deliveries_at_once_one_is_created(
    client: httpx.AsyncClient, signed: Signed, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    deliveries = [client.post("/webhook", **signed()) for _ in range(20)]
    assert {answer.status_code for answer in await asyncio.gather(*deliveries)} == {200}
    assert sorted(line["result"] for line in lines()) == ["created", *["duplicate"] * 19]
    assert (await client.get("/messages")).json()["total"] == 1


@pytest.mark.parametrize("text", [..., None])
async def test_text_may_be_absent_or_null(
    client: httpx.AsyncClient, signed: Signed, text: object
) -> None:
    assert (await client.post("/webhook", **signed(text=text))).status_code == 200
    assert (await client.get("/messages/m1")).json()["text"] is None


async def test_unknown_fields_are_ignored(client: httpx.AsyncClient, signed: Signed) -> None:
    answer = await client.post("/webhook", **signed(status="x", seq=[{"a": 1}], received_at=None))
    assert answer.status_code == 200
    assert (await client.get("/messages/m1")).json()["seq"] == 1


async def test_of_a_repeated_key_the_last_counts(client: httpx.AsyncClient, signed: Signed) -> None:
    body = signed()["content"]
    answer = await client.post("/webhook", **signed(b'{"from":1,"text":"a",' + body[1:]))
    assert answer.status_code == 200
    assert (await client.get("/messages/m1")).json()["text"] == "Hello"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("2026-01-15T09:28:35.000Z", "2026-01-15T09:28:35Z"),
        ("2026-01-15T09:28:35.250Z", "2026-01-15T09:28:35.25Z"),
        ("2026-01-15T09:28:35.9999999999Z", "2026-01-15T09:28:35.999999Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ],
)
async def test_ts_comes_back_in_canonical_form(
    client: httpx.AsyncClient, signed: Signed, sent: str, kept: str
) -> None:
    await client.post("/webhook", **signed(ts=sent))
    assert (await client.get("/messages/m1")).json()["ts"] == kept


@pytest.mark.parametrize("length", [1, 255])
async def test_id_and_text_may_be_as_long_as_documented(
    client: httpx.AsyncClient, signed: Signed, length: int
) -> None:
    sent = signed(message_id="😀" * length, text="😀" * 4096)
    assert (await client.post("/webhook", **sent)).status_code == 200
    item = (await client.get("/messages")).json()["items"][0]
    assert (item["message_id"], item["text"]) == ("😀" * length, "😀" * 4096)


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/x", "", ";;\xff"]
)
async def test_content_type_does_not_matter(
    client: httpx.AsyncClient, signed: Signed, content_type: str
) -> None:
    sent = signed()
    sent["headers"]["Content-Type"] = content_type.encode("latin-1")
    assert (await client.post("/webhook", **sent)).status_code == 200


async def test_query_string_does_not_matter(client: httpx.AsyncClient, signed: Signed) -> None:
    assert (await client.post("/webhook?limit=x&%FF", **signed())).status_code == 200
