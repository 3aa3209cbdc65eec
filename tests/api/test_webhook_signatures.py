"""`POST /webhook`: who is not proven is answered 401, whatever the body is.

The forms of a signature, right ones and wrong ones, are in `test_vectors.py`.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import msgspec
import pytest

from lyftr_core import HexHmacSha256
from lyftr_runtime.settings import Secret, Settings

Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
Signed = Callable[..., dict[str, Any]]

_REFUSED = b'{"detail":"invalid signature"}'
_BODIES = [b"", b"not json", b"\xff", b"[" * 20_000, b"{}"]


async def _assert_refused(client: httpx.AsyncClient, answer: httpx.Response) -> None:
    assert (answer.status_code, answer.content) == (401, _REFUSED)
    assert answer.headers["content-type"] == "application/json"
    assert (await client.get("/messages")).json()["total"] == 0


@pytest.mark.parametrize("body", _BODIES)
async def test_missing_signature_is_refused_before_the_json_is_looked_at(
    client: httpx.AsyncClient, body: bytes
) -> None:
    await _assert_refused(client, await client.post("/webhook", content=body))


@pytest.mark.parametrize("body", _BODIES)
async def test_wrong_signature_is_refused_before_the_json_is_looked_at(
    client: httpx.AsyncClient, body: bytes
) -> None:
    headers = {"X-Signature": "0" * 64}
    await _assert_refused(client, await client.post("/webhook", content=body, headers=headers))


@pytest.mark.parametrize("position", [0, 31, 63])
async def test_signature_wrong_in_one_digit_is_refused(
    client: httpx.AsyncClient, signed: Signed, position: int
) -> None:
    sent = signed()
    right = sent["headers"]["X-Signature"]
    other = "1" if right[position] == "0" else "0"
    sent["headers"]["X-Signature"] = right[:position] + other + right[position + 1 :]
    await _assert_refused(client, await client.post("/webhook", **sent))


async def test_signature_in_the_query_is_none(client: httpx.AsyncClient, signed: Signed) -> None:
    sent = signed()
    url = f"/webhook?X-Signature={sent['headers']['X-Signature']}"
    await _assert_refused(client, await client.post(url, content=sent["content"]))


async def test_signature_is_over_the_bytes_of_all_pieces(
    client: httpx.AsyncClient, signed: Signed
) -> None:
    sent = signed(text="é" * 100)
    body = sent["content"]

    async def pieces() -> Any:  # noqa: ANN401 - an asynchronous generator
        for place in range(0, len(body), 7):
            yield body[place : place + 7]

    answer = await client.post("/webhook", content=pieces(), headers=sent["headers"])
    assert answer.status_code == 200


@pytest.mark.parametrize("key", [b"\xff", "ß😀".encode(), b" "])
async def test_the_key_is_the_bytes_of_the_secret(
    serve: Serve, signed: Signed, settings: Settings, key: bytes
) -> None:
    secret = Secret(key.decode(errors="surrogateescape"))
    body = signed()["content"]
    headers = {"X-Signature": HexHmacSha256(key).sign(body)}
    async with serve(configured=msgspec.structs.replace(settings, webhook_secret=secret)) as client:
        answer = await client.post("/webhook", content=body, headers=headers)
    assert answer.status_code == 200
