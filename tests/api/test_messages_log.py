"""`GET /messages?after=`: the order of commit, for those who ask again and again."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

Deliver = Callable[..., Awaitable[None]]

_LATE = [
    {"message_id": "m2", "ts": "2026-01-15T09:00:00Z"},
    {"message_id": "m1", "ts": "2026-01-15T10:00:00Z"},
    {"message_id": "m3", "ts": "2026-01-15T08:00:00Z"},
    {"message_id": "m0", "ts": "2026-01-15T10:00:00Z"},
]


async def _part(client: httpx.AsyncClient, **params: str | int) -> dict[str, Any]:
    answer = await client.get("/messages", params=params)
    assert answer.status_code == 200, answer.text
    part: dict[str, Any] = answer.json()
    assert list(part) == ["items", "total", "limit", "next_after", "has_more"]
    return part


def _ids(part: dict[str, Any]) -> list[str]:
    return [item["message_id"] for item in part["items"]]


async def test_messages_come_in_the_order_of_commit(
    client: httpx.AsyncClient, deliver: Deliver
) -> None:
    await deliver(*_LATE)
    part = await _part(client, after=0)
    assert _ids(part) == ["m2", "m1", "m3", "m0"]
    assert [part[name] for name in ("total", "limit", "has_more")] == [None, 50, False]
    assert part["next_after"] == part["items"][-1]["seq"]
    assert part["items"] == [
        (await client.get(f"/messages/{name}")).json() for name in ("m2", "m1", "m3", "m0")
    ]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 100])
async def test_poller_gets_each_message_once(
    client: httpx.AsyncClient, deliver: Deliver, limit: int
) -> None:
    seen: list[str] = []
    after = 0
    for come in (_LATE[:1], _LATE[1:3], _LATE[3:]):
        await deliver(*come)
        part = await _part(client, after=after, limit=limit)
        seen += _ids(part)
        after = part["next_after"]
    while (part := await _part(client, after=after, limit=limit))["items"]:
        seen += _ids(part)
        after = part["next_after"]
    assert seen == ["m2", "m1", "m3", "m0"]
    assert (part["next_after"], part["has_more"]) == (after, False)


async def test_filters_are_those_of_pages(client: httpx.AsyncClient, deliver: Deliver) -> None:
    await deliver(
        {"message_id": "a", "sender": "+12", "text": "Straße"},
        {"message_id": "b", "sender": "+13", "text": "Straße"},
        {"message_id": "c", "sender": "+12", "text": "Gasse"},
        {"message_id": "d", "sender": "+12", "recipient": "+14", "text": "STRASSE"},
    )
    query = {"from": "+12", "q": "strasse"}
    assert _ids(await _part(client, after=0, **query)) == ["a", "d"]
    assert _ids(await _part(client, after=0, to="+14")) == ["d"]
    first = await _part(client, after=0, limit=1, **query)
    assert _ids(await _part(client, after=first["next_after"], **query)) == ["d"]
    assert _ids(await _part(client, after=0, since="2026-01-15T09:28:36Z")) == []


async def test_filter_that_nothing_passes_moves_on_all_the_same(
    client: httpx.AsyncClient, deliver: Deliver
) -> None:
    await deliver({"message_id": "a"}, {"message_id": "b"})
    part = await _part(client, after=0, q="nowhere")
    last = (await client.get("/messages/b")).json()["seq"]
    assert (part["items"], part["next_after"], part["has_more"]) == ([], last, False)


async def test_nothing_follows_a_seq_that_was_not_reached_yet(client: httpx.AsyncClient) -> None:
    part = await _part(client, after=2**63 - 1)
    assert (part["items"], part["next_after"], part["has_more"]) == ([], 2**63 - 1, False)
