"""`GET /messages/{message_id}`: any identifier that a message can have leads to it."""

from collections.abc import Awaitable, Callable
from urllib.parse import quote

import httpx
import pytest

Deliver = Callable[..., Awaitable[None]]

_IDS = [
    *("m1", "a/b", "/", "//", "a/", "/a", "a//b", ".", "..", "../stats", "stats", "live", "%"),
    *("%2F", "%252F", "?", "a?b=c", "#", "a#b", " ", "a b", "+", "a+b", "'", '"', "\\", "&=;"),
    *("{message_id}", "{message_id:str}", "*", "é", "e\u0301", "\u00a0", "😀", "\ufeff", "\uffff"),
    "' OR 1=1 --",
    "😀" * 255,
]


async def _get(client: httpx.AsyncClient, segment: str | bytes) -> httpx.Response:
    raw = segment if isinstance(segment, bytes) else segment.encode()
    return await client.get("/", extensions={"target": b"/messages/" + raw})


@pytest.mark.parametrize("message_id", _IDS, ids=ascii)
async def test_every_identifier_is_found_percent_encoded(
    client: httpx.AsyncClient, deliver: Deliver, message_id: str
) -> None:
    await deliver({"message_id": message_id}, {"message_id": "another"})
    answer = await _get(client, quote(message_id, safe=""))
    assert answer.status_code == 200
    assert answer.json()["message_id"] == message_id


@pytest.mark.parametrize("message_id", _IDS, ids=ascii)
async def test_every_identifier_that_nobody_delivered_is_404(
    client: httpx.AsyncClient, message_id: str
) -> None:
    answer = await _get(client, quote(message_id, safe=""))
    assert (answer.status_code, answer.json()) == (404, {"detail": "no such message"})
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("message_id", ["a/b", "é", "~x"])
async def test_every_byte_may_be_percent_encoded_in_any_letter_case(
    client: httpx.AsyncClient, deliver: Deliver, message_id: str
) -> None:
    await deliver({"message_id": message_id})
    for form in ("%{:02X}", "%{:02x}"):
        segment = "".join(form.format(byte) for byte in message_id.encode())
        assert (await _get(client, segment)).json()["message_id"] == message_id


async def test_raw_utf8_and_harmless_characters_need_no_encoding(
    client: httpx.AsyncClient, deliver: Deliver
) -> None:
    await deliver({"message_id": "é:@!$&'()*+,;=~-._"})
    assert (await _get(client, "é:@!$&'()*+,;=~-._")).status_code == 200


async def test_item_is_the_one_that_the_list_gives(
    client: httpx.AsyncClient, deliver: Deliver
) -> None:
    await deliver({"ts": "2026-01-15T09:28:35.120Z", "text": "ß 😀"})
    listed = (await client.get("/messages")).json()["items"][0]
    assert (await client.get("/messages/m1")).json() == listed


async def test_unencoded_slash_leads_nowhere(client: httpx.AsyncClient, deliver: Deliver) -> None:
    await deliver({"message_id": "a/b"})
    assert (await _get(client, "a/b")).status_code == 404


async def test_identifiers_that_differ_in_case_are_apart(
    client: httpx.AsyncClient, deliver: Deliver
) -> None:
    await deliver({"message_id": "abc"})
    assert (await _get(client, "ABC")).status_code == 404


@pytest.mark.parametrize(
    ("segment", "code"),
    [
        ("a" * 256, "too_long"),
        ("%F0%9F%98%80" * 256, "too_long"),
        ("%00", "control_character"),
        ("a%0A", "control_character"),
        ("%7F", "control_character"),
        ("%C2%85", "control_character"),
        ("%FF", "invalid_utf8"),
        ("%ED%A0%80", "invalid_utf8"),
        ("a%C3", "invalid_utf8"),
        (b"\xff", "invalid_utf8"),
    ],
)
async def test_what_cannot_be_an_identifier_is_422(
    client: httpx.AsyncClient, segment: str | bytes, code: str
) -> None:
    answer = await _get(client, segment)
    assert answer.status_code == 422
    (fault,) = answer.json()["detail"]
    assert list(fault) == ["loc", "msg", "type"]
    assert (fault["loc"], fault["type"]) == (["path", "message_id"], code)


async def test_query_string_does_not_matter(client: httpx.AsyncClient, deliver: Deliver) -> None:
    await deliver({"message_id": "a"})
    assert (await _get(client, "a?limit=x&%FF")).status_code == 200
