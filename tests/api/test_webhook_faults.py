"""`POST /webhook`: a signed body that is wrong is answered with everything that is wrong in it.

Each rule by itself is in `test_vectors.py`.
"""

from collections.abc import Callable
from typing import Any

import httpx

Signed = Callable[..., dict[str, Any]]


async def _faults(client: httpx.AsyncClient, sent: dict[str, Any]) -> list[tuple[list[str], str]]:
    """The place and the type of each fault; the rest of the answer must be as documented."""
    answer = await client.post("/webhook", **sent)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert list(body) == ["detail"]
    assert all(list(item) == ["loc", "msg", "type"] for item in body["detail"])
    assert all(isinstance(item["msg"], str) and item["msg"] for item in body["detail"])
    assert (await client.get("/messages")).json()["total"] == 0
    return [(item["loc"], item["type"]) for item in body["detail"]]


async def test_a_fault_is_answered_in_exactly_this_shape(
    client: httpx.AsyncClient, signed: Signed
) -> None:
    answer = await client.post("/webhook", **signed(text=1))
    assert answer.content == (
        b'{"detail":[{"loc":["body","text"],"msg":"must be a string or null","type":"wrong_type"}]}'
    )


async def test_every_faulty_field_is_named_in_order(
    client: httpx.AsyncClient, signed: Signed
) -> None:
    sent = signed(text="\0", ts="2026-02-30T00:00:00Z", sender="+0", recipient=..., message_id="")
    assert await _faults(client, sent) == [
        (["body", "message_id"], "too_short"),
        (["body", "from"], "not_e164"),
        (["body", "to"], "missing"),
        (["body", "ts"], "no_such_time"),
        (["body", "text"], "nul_character"),
    ]


async def test_three_faults_at_once_are_three_entries(
    client: httpx.AsyncClient, signed: Signed
) -> None:
    sent = signed(text=[], sender="12", message_id="m2")
    sent = signed(sent["content"].replace(b"2026-01-15T", b"2026-01-15t"))
    assert await _faults(client, sent) == [
        (["body", "from"], "not_e164"),
        (["body", "ts"], "not_rfc3339"),
        (["body", "text"], "wrong_type"),
    ]


async def test_empty_object_misses_every_required_field(
    client: httpx.AsyncClient, signed: Signed
) -> None:
    assert await _faults(client, signed(b"{}")) == [
        (["body", field], "missing") for field in ("message_id", "from", "to", "ts")
    ]


async def test_no_depth_of_nesting_is_more_than_a_fault(
    client: httpx.AsyncClient, signed: Signed
) -> None:
    for depth in range(900, 1_010):
        body = b'{"text": ' + b"[" * depth + b"]" * depth + b"}"
        assert (await client.post("/webhook", **signed(body))).status_code == 422


async def test_the_answer_does_not_repeat_what_was_sent(
    client: httpx.AsyncClient, signed: Signed
) -> None:
    canary = "canary-4711"
    sent = signed(message_id=canary * 30, sender=canary, recipient=canary, ts=canary, text="\0")
    assert canary not in (await client.post("/webhook", **sent)).text


async def test_a_sender_may_correct_the_fault_and_deliver_again(
    client: httpx.AsyncClient, signed: Signed
) -> None:
    assert await _faults(client, signed(text=1)) == [(["body", "text"], "wrong_type")]
    assert (await client.post("/webhook", **signed())).status_code == 200
