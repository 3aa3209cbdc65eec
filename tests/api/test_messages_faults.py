"""`GET /messages`: a bad parameter is a 422 that names it."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

Deliver = Callable[..., Awaitable[None]]

_PARAMETERS = [
    *("from", "to", "since", "until", "q"),
    *("limit", "offset", "cursor", "order", "after", "total"),
]
_NOT_UTF8 = ["%FF", "%ED%A0%80", "%ED%BF%BF", "%C3", "%C0%80"]


async def _faults(client: httpx.AsyncClient, query: str) -> list[tuple[list[str], str]]:
    answer = await client.get("/", extensions={"target": f"/messages?{query}".encode("latin-1")})
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/json"
    body: dict[str, list[dict[str, Any]]] = answer.json()
    assert list(body) == ["detail"]
    assert all(list(item) == ["loc", "msg", "type"] and item["msg"] for item in body["detail"])
    return [(item["loc"], item["type"]) for item in body["detail"]]


@pytest.mark.parametrize("name", ["limit", "offset", "after"])
@pytest.mark.parametrize(
    "value",
    [
        *("", "1e1", "1.0", "-1", "%2B1", "+1", "1+", "0x1", "1_0", "ten", "1,0", "1%00", "1%0A"),
        *("%EF%BC%91", "%D9%A1", "%C2%B2", "%E2%91%A0"),
    ],
)
async def test_a_number_has_ascii_digits_only(
    client: httpx.AsyncClient, name: str, value: str
) -> None:
    assert await _faults(client, f"{name}={value}") == [(["query", name], "not_an_integer")]


@pytest.mark.parametrize("value", ["0", "00", "101", "9223372036854775808", "9" * 5_000])
async def test_a_limit_outside_its_range_is_named(client: httpx.AsyncClient, value: str) -> None:
    assert await _faults(client, f"limit={value}") == [(["query", "limit"], "out_of_range")]


@pytest.mark.parametrize("name", ["offset", "after"])
@pytest.mark.parametrize("value", [str(2**63), str(2**64), "1" * 20, "9" * 5_000])
async def test_an_offset_or_a_seq_beyond_63_bits_is_named(
    client: httpx.AsyncClient, name: str, value: str
) -> None:
    assert await _faults(client, f"{name}={value}") == [(["query", name], "out_of_range")]


@pytest.mark.parametrize("name", _PARAMETERS)
async def test_a_repeated_parameter_is_refused_though_its_values_agree(
    client: httpx.AsyncClient, name: str
) -> None:
    good = {"limit": "1", "offset": "1", "after": "1", "order": "asc", "total": "true"}.get(
        name, "x"
    )
    assert await _faults(client, f"{name}={good}&{name}={good}") == [(["query", name], "repeated")]


@pytest.mark.parametrize("value", _NOT_UTF8)
@pytest.mark.parametrize("name", _PARAMETERS)
async def test_a_value_that_is_not_utf8_is_named(
    client: httpx.AsyncClient, name: str, value: str
) -> None:
    assert await _faults(client, f"{name}={value}") == [(["query", name], "invalid_utf8")]


async def test_raw_bytes_that_are_not_utf8_are_named(client: httpx.AsyncClient) -> None:
    assert await _faults(client, "q=\xff") == [(["query", "q"], "invalid_utf8")]


@pytest.mark.parametrize("name", ["from", "to"])
@pytest.mark.parametrize(
    "value",
    [
        *("919876543210", "x", "%2B0123", "%2B1", "%2B" + "1" * 16, "++12345", "%2B12%00"),
        *("%2B12%0A", "%2B%D9%A1%D9%A2", "-12345"),
    ],
)
async def test_a_number_that_is_not_e164_is_named(
    client: httpx.AsyncClient, name: str, value: str
) -> None:
    assert await _faults(client, f"{name}={value}") == [(["query", name], "not_e164")]


@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("2026-01-15T09:28:35%2B00:00", "not_rfc3339"),
        ("2026-01-15T09:28:35+00:00", "not_rfc3339"),
        ("2026-01-15", "not_rfc3339"),
        ("2026-01-15t09:28:35z", "not_rfc3339"),
        ("2026-01-15T09:28:35Z%00", "not_rfc3339"),
        ("1768469315", "not_rfc3339"),
        ("2026-02-30T00:00:00Z", "no_such_time"),
        ("2026-01-15T24:00:00Z", "no_such_time"),
    ],
)
async def test_a_time_in_another_form_is_named(
    client: httpx.AsyncClient, name: str, value: str, code: str
) -> None:
    assert await _faults(client, f"{name}={value}") == [(["query", name], code)]


@pytest.mark.parametrize(
    ("value", "code"),
    [("a" * 257, "too_long"), ("%00", "nul_character"), ("a%00", "nul_character")],
)
async def test_a_bad_search_text_is_named(client: httpx.AsyncClient, value: str, code: str) -> None:
    assert await _faults(client, f"q={value}") == [(["query", "q"], code)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("order", value) for value in ("up", "ASC", "", "asc%00", "%20asc")),
        *(("total", value) for value in ("1", "0", "True", "", "yes")),
    ],
)
async def test_a_value_that_is_no_choice_is_named(
    client: httpx.AsyncClient, name: str, value: str
) -> None:
    assert await _faults(client, f"{name}={value}") == [(["query", name], "not_a_choice")]


@pytest.mark.parametrize(
    "value", ["x", "garbage", "%00", "%F0%9F%98%80", "W10", "e30", "A" * 5_000, "====", "%2B/"]
)
async def test_a_cursor_that_was_never_given_is_named(
    client: httpx.AsyncClient, value: str
) -> None:
    assert await _faults(client, f"cursor={value}") == [(["query", "cursor"], "invalid_cursor")]


@pytest.mark.parametrize(
    "other",
    [
        "order=desc",
        "q=Hello",
        "from=+919876543210",
        "to=+14155550100",
        "since=2026-01-01T00:00:00Z",
    ],
)
async def test_a_cursor_of_another_filter_or_order_is_a_mismatch(
    client: httpx.AsyncClient, deliver: Deliver, other: str
) -> None:
    await deliver({"message_id": "a"}, {"message_id": "b"})
    mismatch = [(["query", "cursor"], "cursor_mismatch")]
    plain = (await client.get("/messages?limit=1")).json()["next_cursor"]
    assert await _faults(client, f"{other}&cursor={plain}") == mismatch
    filtered = (await client.get(f"/messages?limit=1&{other}")).json()["next_cursor"]
    assert await _faults(client, f"cursor={filtered}") == mismatch


@pytest.mark.parametrize("offset", ["0", "1"])
async def test_a_cursor_excludes_an_offset(
    client: httpx.AsyncClient, deliver: Deliver, offset: str
) -> None:
    await deliver({"message_id": "a"}, {"message_id": "b"})
    cursor = (await client.get("/messages?limit=1")).json()["next_cursor"]
    assert await _faults(client, f"cursor={cursor}&offset={offset}") == [
        (["query", "offset"], "conflicting")
    ]


@pytest.mark.parametrize("after", ["0", "7", "x"])
async def test_after_excludes_what_belongs_to_pages(client: httpx.AsyncClient, after: str) -> None:
    given = {"order": "asc", "offset": "0", "cursor": "x", "total": "false"}
    own = [] if after.isdigit() else [(["query", "after"], "not_an_integer")]
    for name, value in given.items():
        faults = await _faults(client, f"after={after}&{name}={value}")
        assert sorted(faults) == sorted([(["query", name], "conflicting"), *own])


async def test_every_bad_parameter_is_named_once(client: httpx.AsyncClient) -> None:
    query = "from=x&to=1&since=now&until=%FF&q=%00&limit=0&offset=-1&order=up&total=1"
    faults = await _faults(client, query)
    assert sorted((loc[1], code) for loc, code in faults) == [
        ("from", "not_e164"),
        ("limit", "out_of_range"),
        ("offset", "not_an_integer"),
        ("order", "not_a_choice"),
        ("q", "nul_character"),
        ("since", "not_rfc3339"),
        ("to", "not_e164"),
        ("total", "not_a_choice"),
        ("until", "invalid_utf8"),
    ]
    assert {loc[0] for loc, _ in faults} == {"query"}


async def test_the_answer_does_not_repeat_the_value(client: httpx.AsyncClient) -> None:
    canary = "canary-4711"
    query = "&".join(f"{name}={canary}" for name in ("from", "since", "limit", "order", "cursor"))
    assert canary not in (await client.get(f"/messages?{query}")).text
