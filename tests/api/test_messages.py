"""`GET /messages`: the shape of a page, and the filters."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

Deliver = Callable[..., Awaitable[None]]

_SENDER, _OTHER = "+919876543210", "+919876543211"


async def _ids(client: httpx.AsyncClient, query: str) -> str:
    """The identifiers on a page, run together."""
    answer = await client.get(f"/messages?{query}")
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert page["total"] == len(page["items"])
    return "".join(item["message_id"] for item in page["items"])


async def test_empty_database_is_an_empty_page(client: httpx.AsyncClient) -> None:
    answer = await client.get("/messages")
    assert answer.headers["content-type"] == "application/json"
    assert (answer.status_code, answer.content) == (
        200,
        b'{"items":[],"total":0,"limit":50,"offset":0,"next_cursor":null}',
    )


async def test_page_and_items_have_exactly_the_documented_fields(
    client: httpx.AsyncClient, deliver: Deliver
) -> None:
    await deliver({"text": None}, {"message_id": "m2"})
    page = (await client.get("/messages?limit=1")).json()
    cursor = page.pop("next_cursor")
    assert isinstance(cursor, str)
    assert cursor
    assert page == {
        "items": [
            {
                "message_id": "m1",
                "from": "+919876543210",
                "to": "+14155550100",
                "ts": "2026-01-15T09:28:35Z",
                "text": None,
                "received_at": "2026-01-15T12:30:15.25Z",
                "seq": 1,
            }
        ],
        "total": 2,
        "limit": 1,
        "offset": 0,
    }


async def test_seq_grows_in_the_order_of_delivery(
    client: httpx.AsyncClient, deliver: Deliver
) -> None:
    await deliver(*({"message_id": name} for name in "cab"))
    items = (await client.get("/messages")).json()["items"]
    assert {item["message_id"]: item["seq"] for item in items} == {"c": 1, "a": 2, "b": 3}


async def test_order_is_by_ts_then_by_code_points_of_the_id(
    client: httpx.AsyncClient, deliver: Deliver
) -> None:
    late, fraction, early = (f"2026-01-15T09:28:3{rest}Z" for rest in ("6", "5.5", "5"))
    await deliver(
        {"message_id": "1", "ts": late},
        {"message_id": "2", "ts": fraction},
        *({"message_id": name, "ts": early} for name in ("\U00010000", "\uffff", "b", "a", "Z")),
    )
    assert await _ids(client, "") == "Zab\uffff\U0001000021"
    assert await _ids(client, "order=asc") == "Zab\uffff\U0001000021"
    assert await _ids(client, "order=desc") == "12\U00010000\uffffbaZ"


async def test_fractions_are_given_back_without_trailing_zeros(
    client: httpx.AsyncClient, deliver: Deliver
) -> None:
    fractions = [".1", ".10", ".100000", ".1000009"]
    await deliver(
        *({"message_id": f"{n}", "ts": f"2026-01-15T09:28:35{f}Z"} for n, f in enumerate(fractions))
    )
    items = (await client.get("/messages")).json()["items"]
    assert {item["ts"] for item in items} == {"2026-01-15T09:28:35.1Z"}


@pytest.mark.parametrize("plus", ["+", "%2B", "%20", " "])
@pytest.mark.parametrize("name", ["from", "to"])
async def test_number_is_found_however_its_plus_is_written(
    client: httpx.AsyncClient, deliver: Deliver, name: str, plus: str
) -> None:
    field = {"from": "sender", "to": "recipient"}[name]
    await deliver({"message_id": "a", field: _OTHER}, {"message_id": "b", field: "+9198765432110"})
    target = f"/messages?{name}={plus}{_OTHER[1:]}".encode()
    answer = await client.get("/", extensions={"target": target})
    assert [item["message_id"] for item in answer.json()["items"]] == ["a"]


async def test_since_is_inclusive_and_until_exclusive(
    client: httpx.AsyncClient, deliver: Deliver
) -> None:
    times = {"a": "35", "b": "35.000001", "c": "36", "d": "37"}
    await deliver(*({"message_id": k, "ts": f"2026-01-15T09:28:{v}Z"} for k, v in times.items()))
    moment = "2026-01-15T09:28:{}Z".format
    assert await _ids(client, f"since={moment('35')}") == "abcd"
    assert await _ids(client, f"since={moment('35.0000000')}") == "abcd"
    assert await _ids(client, f"since={moment('35.000001')}") == "bcd"
    assert await _ids(client, f"until={moment('36')}") == "ab"
    assert await _ids(client, f"since={moment('35.5')}&until={moment('37')}") == "c"
    assert await _ids(client, f"since={moment('37')}&until={moment('35')}") == ""


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("%25", "p"),
        ("_", "u"),
        ("'", "q"),
        ('"', "q"),
        ("%5C", "s"),
        ("100%25+_", ""),
        ("GR%C3%9CSSE", "e"),
        ("gr%C3%BC%C3%9Fe", "e"),
        ("ss", "e"),
        ("i%CC%87", "i"),
        ("%C4%B0", "i"),
        ("a+b", "w"),
        ("a%2Bb", "v"),
    ],
)
async def test_q_is_a_plain_substring_whatever_the_case(
    client: httpx.AsyncClient, deliver: Deliver, q: str, found: str
) -> None:
    texts = [
        *(("p", "100%"), ("u", "a_b"), ("q", 'it\'s "so"'), ("s", "C:\\n"), ("e", "Viele Grüße")),
        *(("i", "İzmir"), ("w", "A b"), ("v", "a+B"), ("n", None), ("o", "")),
    ]
    await deliver(*({"message_id": name, "text": text} for name, text in texts))
    assert await _ids(client, f"q={q}") == found


async def test_q_may_have_as_many_characters_as_documented(
    client: httpx.AsyncClient, deliver: Deliver
) -> None:
    await deliver({"message_id": "a", "text": "😀" * 256}, {"message_id": "b", "text": "😀" * 255})
    assert await _ids(client, "q=" + "%F0%9F%98%80" * 256) == "a"


async def test_filters_hold_all_at_once_and_total_counts_what_passes(
    client: httpx.AsyncClient, deliver: Deliver
) -> None:
    await deliver(
        {"message_id": "a", "sender": _OTHER, "text": "yes"},
        {"message_id": "b", "sender": _OTHER, "text": "no"},
        {"message_id": "c", "text": "yes"},
        {"message_id": "d", "sender": _OTHER, "text": "Yes!", "recipient": "+14155550199"},
    )
    number, to = _OTHER[1:], "14155550199"
    assert await _ids(client, f"from=%2B{number}&q=YES") == "ad"
    assert await _ids(client, f"from=%2B{number}&q=YES&to=+{to}") == "d"
    assert await _ids(client, f"from=%2B{_SENDER[1:]}&to=%2B{to}") == ""
    page = (await client.get(f"/messages?from=%2B{number}&limit=1&offset=1")).json()
    assert (page["total"], len(page["items"])) == (3, 1)


@pytest.mark.parametrize("name", ["q", "from", "to", "since", "until", "cursor"])
async def test_an_empty_filter_is_as_if_absent(
    client: httpx.AsyncClient, deliver: Deliver, name: str
) -> None:
    await deliver({"message_id": "a"}, {"message_id": "b", "text": None})
    assert await _ids(client, f"{name}=") == "ab"
    assert await _ids(client, name) == "ab"
    assert await _ids(client, f"{name}=&{name}=") == "ab"


async def test_an_empty_cursor_goes_with_an_offset(
    client: httpx.AsyncClient, deliver: Deliver
) -> None:
    await deliver({"message_id": "a"}, {"message_id": "b"})
    page = (await client.get("/messages?cursor=&offset=1")).json()
    assert [item["message_id"] for item in page["items"]] == ["b"]


async def test_unknown_parameters_are_ignored(client: httpx.AsyncClient) -> None:
    assert await _ids(client, "x=1&x=2&%FF=1&&=&=1&Limit=x") == ""
