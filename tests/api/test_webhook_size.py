"""`POST /webhook`: how large a body may be, and what happens if its sender goes away."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

Lines = Callable[[], list[dict[str, Any]]]
Signed = Callable[..., dict[str, Any]]

_LIMIT = 65_536
_PIECE = 1_024


async def _in_pieces(body: bytes, *, leave: bool = False) -> AsyncIterator[bytes]:
    for place in range(0, len(body), _PIECE):
        yield body[place : place + _PIECE]
    if leave:
        raise ConnectionResetError


def _padded(signed: Signed, size: int) -> dict[str, Any]:
    return signed(signed()["content"].ljust(size))


def _assert_too_large(answer: httpx.Response) -> None:
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == ["detail"]
    assert isinstance(answer.json()["detail"], str)


async def test_body_of_exactly_the_limit_is_taken(
    client: httpx.AsyncClient, signed: Signed
) -> None:
    assert (await client.post("/webhook", **_padded(signed, _LIMIT))).status_code == 200


async def test_body_of_exactly_the_limit_is_taken_in_pieces(
    client: httpx.AsyncClient, signed: Signed
) -> None:
    sent = _padded(signed, _LIMIT)
    answer = await client.post("/webhook", **sent | {"content": _in_pieces(sent["content"])})
    assert answer.status_code == 200
    assert answer.request.headers["transfer-encoding"] == "chunked"


async def test_one_byte_more_is_too_large_by_content_length_and_nothing_is_read(
    client: httpx.AsyncClient, signed: Signed
) -> None:
    answer = await client.post("/webhook", **_padded(signed, _LIMIT + 1))
    _assert_too_large(answer)
    assert answer.extensions["read"] == 0


async def test_one_byte_more_is_too_large_in_pieces(
    client: httpx.AsyncClient, signed: Signed
) -> None:
    sent = _padded(signed, _LIMIT + 1)
    answer = await client.post("/webhook", **sent | {"content": _in_pieces(sent["content"])})
    _assert_too_large(answer)
    assert answer.extensions["read"] == _LIMIT + 1


async def test_no_more_than_the_limit_and_a_piece_is_read(client: httpx.AsyncClient) -> None:
    answer = await client.post("/webhook", content=_in_pieces(bytes(10 * _LIMIT)))
    _assert_too_large(answer)
    assert answer.extensions["read"] <= _LIMIT + _PIECE


async def test_enormous_content_length_is_too_large(client: httpx.AsyncClient) -> None:
    headers = {"Content-Length": str(10**30)}
    _assert_too_large(await client.post("/webhook", content=b"{}", headers=headers))


@pytest.mark.parametrize("signature", ["", "0" * 64])
async def test_too_large_comes_before_the_signature(
    client: httpx.AsyncClient, signature: str
) -> None:
    headers = {"X-Signature": signature}
    answer = await client.post("/webhook", content=bytes(_LIMIT + 1), headers=headers)
    _assert_too_large(answer)


async def test_too_large_is_logged_and_counted_but_not_as_a_webhook(
    client: httpx.AsyncClient, signed: Signed, lines: Lines
) -> None:
    await client.post("/webhook", **_padded(signed, _LIMIT + 1))
    assert [(line["status"], "result" in line) for line in lines()] == [(413, False)]
    metrics = (await client.get("/metrics")).text.splitlines()
    webhooks = [line for line in metrics if line.startswith("webhook_requests_total{")]
    assert webhooks
    assert all(line.endswith(" 0.0") for line in webhooks)
    assert 'http_requests_total{method="POST",path="/webhook",status="413"} 1.0' in metrics


async def test_sender_that_goes_away_in_mid_body_is_logged_as_such_and_nothing_is_stored(
    client: httpx.AsyncClient, signed: Signed, lines: Lines
) -> None:
    sent = _padded(signed, 3 * _PIECE)
    body = _in_pieces(sent["content"], leave=True)
    await client.post("/webhook", content=body, headers=sent["headers"])
    assert (await client.get("/messages")).json()["total"] == 0
    first = lines()[0]
    assert (first["status"], first["level"]) == (499, "info")
    assert not {"exception", "result"} & set(first)


async def test_next_request_is_answered_after_one_that_was_too_large(
    client: httpx.AsyncClient, signed: Signed
) -> None:
    await client.post("/webhook", content=bytes(_LIMIT + 1))
    assert (await client.post("/webhook", **signed())).status_code == 200
