"""To a sender every mistake is one answer; `lyftr verify` alone tells them apart."""

from collections.abc import Callable
from typing import Any

import httpx

from lyftr_runtime.settings import Settings
from tests.unit.diagnosis.mistakes import BODIES, HASHES, HEX_WRITINGS, RESERIALISED, right

Signed = Callable[..., dict[str, Any]]


async def test_no_answer_tells_one_mistake_from_another(
    client: httpx.AsyncClient, signed: Signed, settings: Settings
) -> None:
    assert settings.webhook_secret is not None
    key, body = settings.webhook_secret.key, b" " + signed()["content"] + b"\n"
    values = [write(body) for write in (*BODIES.values(), *RESERIALISED.values())]
    sent = [right(key, other).hex() for other in values if other != body]
    sent += [digest(key, body).hex() for digest in HASHES.values()]
    sent += [write(right(key, body)) for write in HEX_WRITINGS.values()]
    answers = set()
    for value in sent:
        headers = {"X-Signature": value.strip(), "X-Request-ID": "same"}
        answer = await client.post("/webhook", content=body, headers=headers)
        if value.strip() != right(key, body).hex():
            answers.add((answer.status_code, answer.content, tuple(answer.headers.items())))
    ((status, content, _),) = answers
    assert (status, content) == (401, b'{"detail":"invalid signature"}')
