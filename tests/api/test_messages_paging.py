"""`GET /messages`: one page after another, by offset and by cursor."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

Deliver = Callable[..., Awaitable[None]]

_MANY = 23
_TIMES = [f"2026-01-15T09:28:{second}Z" for second in ("35", "35.5", "35.500001", "36")]


def _messages(count: int = _MANY) -> list[dict[str, object]]:
    """Messages of few times, so that pages end between messages of one time."""
    return [
        {"message_id": f"m{n * 7 % count:02}", "ts": _TIMES[n % 4], "text": "ab"[n % 2]}
        for n in range(count)
    ]


async def _page(client: httpx.AsyncClient, **params: object) -> dict[str, Any]:
    answer = await client.get("/messages", params={k: str(v) for k, v in params.items()})
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


async def _walk(client: httpx.AsyncClient, **params: object) -> list[list[str]]:
    """The identifiers on each page, from the first to the one that no cursor follows."""
    page = await _page(client, **params)
    pages = [page]
    while page["next_cursor"]:
        page = await _page(client, **params, cursor=page["next_cursor"])
        pages.append(page)
    assert len({page["total"] for page in pages}) == 1
    return [[item["message_id"] for item in page["items"]] for page in pages]


def _expected(messages: list[dict[str, object]]) -> list[str]:
    instants = {ts: ts[:-1] for ts in _TIMES}
    return [
        str(m["message_id"])
        for m in sorted(messages, key=lambda m: (instants[str(m["ts"])], m["message_id"]))
    ]


@pytest.mark.parametrize("limit", [1, 2, 5, 22, 23, 24, 100])
@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_walking_all_pages_neither_skips_nor_repeats(
    client: httpx.AsyncClient, deliver: Deliver, limit: int, order: str
) -> None:
    messages = _messages()
    await deliver(*messages)
    pages = await _walk(client, limit=limit, order=order)
    walked = [name for page in pages for name in page]
    assert walked == _expected(messages)[:: 1 if order == "asc" else -1]
    assert all(len(page) == limit for page in pages[:-1])
    assert 1 <= len(pages[-1]) <= limit


async def test_walking_with_a_filter_sees_what_passes_it(
    client: httpx.AsyncClient, deliver: Deliver
) -> None:
    messages = _messages()
    await deliver(*messages)
    pages = await _walk(client, limit=3, q="B", since=_TIMES[1], total="false")
    passing = [m for m in messages if m["text"] == "b" and m["ts"] != _TIMES[0]]
    assert [name for page in pages for name in page] == _expected(passing)


async def test_message_that_arrives_behind_the_cursor_is_still_met(
    client: httpx.AsyncClient, deliver: Deliver
) -> None:
    await deliver({"message_id": "a"}, {"message_id": "b"}, {"message_id": "d"})
    first = await _page(client, limit=2)
    await deliver({"message_id": "aa"}, {"message_id": "c"})
    rest = await _page(client, cursor=first["next_cursor"])
    assert [item["message_id"] for item in rest["items"]] == ["c", "d"]
    assert rest["total"] == 5


async def test_cursor_may_be_followed_twice_and_with_another_limit(
    client: httpx.AsyncClient, deliver: Deliver
) -> None:
    await deliver(*({"message_id": name} for name in "abcd"))
    cursor = (await _page(client, limit=1))["next_cursor"]
    one = await _page(client, limit=1, cursor=cursor)
    all_ = await _page(client, limit=100, cursor=cursor)
    assert [item["message_id"] for item in one["items"]] == ["b"]
    assert [item["message_id"] for item in all_["items"]] == ["b", "c", "d"]
    assert (all_["limit"], all_["offset"], all_["next_cursor"]) == (100, 0, None)


async def test_cursor_survives_ids_of_every_kind(
    client: httpx.AsyncClient, deliver: Deliver
) -> None:
    names = sorted(["a/b", "%2F", "?#&=+", " ", "'", '"', "\\", "é", "\U0001f600", "😀" * 255])
    await deliver(*({"message_id": name} for name in names))
    assert [page[0] for page in await _walk(client, limit=1)] == names


async def test_default_limit_is_fifty(client: httpx.AsyncClient, deliver: Deliver) -> None:
    await deliver(*_messages(51))
    page = await _page(client)
    assert (len(page["items"]), page["total"], page["limit"]) == (50, 51, 50)
    assert page["next_cursor"]


async def test_there_is_no_cursor_behind_the_last_message(
    client: httpx.AsyncClient, deliver: Deliver
) -> None:
    await deliver({"message_id": "a"}, {"message_id": "b"})
    assert (await _page(client, limit=2))["next_cursor"] is None
    assert (await _page(client, limit=1, offset=1))["next_cursor"] is None
    assert (await _page(client, limit=1, offset=0))["next_cursor"] is not None


@pytest.mark.parametrize(
    ("limit", "offset", "found"),
    [(2, 0, "ab"), (2, 1, "bc"), (100, 2, "cd"), (1, 3, "d"), (1, 4, ""), (100, 2**63 - 1, "")],
)
async def test_limit_and_offset_cut_a_page_out_of_the_order(
    client: httpx.AsyncClient, deliver: Deliver, limit: int, offset: int, found: str
) -> None:
    await deliver(*({"message_id": name} for name in "abcd"))
    page = await _page(client, limit=limit, offset=offset)
    assert "".join(item["message_id"] for item in page["items"]) == found
    assert (page["limit"], page["offset"], page["total"]) == (limit, offset, 4)


async def test_leading_zeros_do_not_change_a_number(client: httpx.AsyncClient) -> None:
    page = await _page(client, limit="0" * 5_000 + "7", offset="000")
    assert (page["limit"], page["offset"]) == (7, 0)


async def test_total_is_null_where_it_is_not_wanted(
    client: httpx.AsyncClient, deliver: Deliver
) -> None:
    await deliver({"message_id": "a"}, {"message_id": "b"})
    without = await _page(client, total="false", limit=1)
    assert (without["total"], len(without["items"])) == (None, 1)
    assert without["next_cursor"]
    assert (await _page(client, total="true"))["total"] == 2


async def test_total_may_differ_from_page_to_page_of_one_cursor(
    client: httpx.AsyncClient, deliver: Deliver
) -> None:
    await deliver({"message_id": "a"}, {"message_id": "b"})
    cursor = (await _page(client, limit=1, total="false"))["next_cursor"]
    assert (await _page(client, limit=1, cursor=cursor))["total"] == 2
