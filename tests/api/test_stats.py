"""`GET /stats`: figures over all messages."""

from collections.abc import Awaitable, Callable

import httpx

Deliver = Callable[..., Awaitable[None]]


async def test_empty_database_has_zeros_and_nulls(client: httpx.AsyncClient) -> None:
    answer = await client.get("/stats")
    assert answer.headers["content-type"] == "application/json"
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "total_messages": 0,
            "senders_count": 0,
            "messages_per_sender": [],
            "first_message_ts": None,
            "last_message_ts": None,
            "messages_per_hour": [],
        },
    )


async def test_figures_are_over_all_messages(client: httpx.AsyncClient, deliver: Deliver) -> None:
    await deliver(
        {"message_id": "a", "ts": "2026-01-15T09:28:35.500Z"},
        {"message_id": "b", "ts": "2025-01-15T09:28:35Z", "sender": "+12"},
        {"message_id": "c", "ts": "2026-01-15T09:28:35.499999Z"},
    )
    stats = (await client.get("/stats")).json()
    hours = stats.pop("messages_per_hour")
    assert hours[-1] == {"hour": "2026-01-15T09:00:00Z", "count": 2}
    assert stats == {
        "total_messages": 3,
        "senders_count": 2,
        "messages_per_sender": [
            {"from": "+919876543210", "count": 2},
            {"from": "+12", "count": 1},
        ],
        "first_message_ts": "2025-01-15T09:28:35Z",
        "last_message_ts": "2026-01-15T09:28:35.5Z",
    }


async def test_the_ten_busiest_come_by_count_then_by_number(
    client: httpx.AsyncClient, deliver: Deliver
) -> None:
    counts = {f"+{number}": 1 for number in range(21, 10, -1)} | {"+99": 3, "+98": 2, "+100": 2}
    numbers = [number for number, count in counts.items() for _ in range(count)]
    await deliver(*({"message_id": f"{n}", "sender": number} for n, number in enumerate(numbers)))
    stats = (await client.get("/stats")).json()
    assert (stats["total_messages"], stats["senders_count"]) == (18, 14)
    assert [(item["from"], item["count"]) for item in stats["messages_per_sender"]] == [
        *(("+99", 3), ("+100", 2), ("+98", 2)),
        *((f"+{number}", 1) for number in range(11, 18)),
    ]


async def test_the_hours_are_the_24_up_to_that_of_the_last_message_with_those_without_one(
    client: httpx.AsyncClient, deliver: Deliver
) -> None:
    await deliver(
        {"message_id": "too old", "ts": "2026-01-14T09:59:59.999999Z"},
        {"message_id": "first", "ts": "2026-01-14T10:00:00Z"},
        {"message_id": "midnight", "ts": "2026-01-15T00:00:00Z"},
        {"message_id": "before", "ts": "2026-01-14T23:59:59.999999Z"},
        {"message_id": "last", "ts": "2026-01-15T09:59:59.999999Z"},
    )
    hours = (await client.get("/stats")).json()["messages_per_hour"]
    counts = {item["hour"]: item["count"] for item in hours}
    assert list(counts) == [
        *(f"2026-01-14T{hour:02}:00:00Z" for hour in range(10, 24)),
        *(f"2026-01-15T{hour:02}:00:00Z" for hour in range(10)),
    ]
    assert {hour: count for hour, count in counts.items() if count} == {
        "2026-01-14T10:00:00Z": 1,
        "2026-01-14T23:00:00Z": 1,
        "2026-01-15T00:00:00Z": 1,
        "2026-01-15T09:00:00Z": 1,
    }


async def test_duplicates_conflicts_and_refusals_do_not_count(
    client: httpx.AsyncClient, deliver: Deliver
) -> None:
    await deliver({}, {}, {"text": "other"})
    await client.post("/webhook", content=b"{}")
    assert (await client.get("/stats")).json()["total_messages"] == 1


async def test_parameters_do_not_matter(client: httpx.AsyncClient) -> None:
    assert (await client.get("/stats?limit=x&%FF=%FF")).status_code == 200
