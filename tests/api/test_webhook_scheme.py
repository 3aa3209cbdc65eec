"""`POST /webhook` under the scheme and the secrets that are configured."""

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest
from dependency_injector import providers

from lyftr_core import HexHmacSha256, StandardWebhooks
from lyftr_core.signatures.standard_webhooks import encode_secret
from lyftr_http.container import Container
from lyftr_runtime.settings import Secret, Settings, WebhookScheme

Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
Signed = Callable[..., dict[str, Any]]
Wire = Callable[..., Container]
Scheme = HexHmacSha256 | StandardWebhooks

_SECRET, _PREVIOUS = encode_secret(b"canary-new"), encode_secret(b"canary-old")
_NOW = datetime(2026, 1, 15, 12, 30, 15, 250_000, tzinfo=UTC)  # as in conftest


def _hex(secret: str = _SECRET) -> HexHmacSha256:
    return HexHmacSha256(secret)


def _standard(secret: str = _SECRET, now: datetime = _NOW) -> StandardWebhooks:
    return StandardWebhooks(secret, clock=lambda: now)


_SIGNERS: dict[str, Callable[[str], Scheme]] = {"lyftr": _hex, "standard": _standard}


@pytest.fixture
def body(signed: Signed) -> bytes:
    content: bytes = signed()["content"]
    return content


@pytest.fixture
def configured(settings: Settings) -> Callable[..., Settings]:
    """Returns settings with this scheme and these secrets, which both schemes take."""

    def make(scheme: str, previous: str | None = None) -> Settings:
        return msgspec.structs.replace(
            settings,
            webhook_scheme=WebhookScheme(scheme),
            webhook_secret=Secret(_SECRET),
            webhook_secret_previous=Secret(previous) if previous else None,
        )

    return make


async def _post(client: httpx.AsyncClient, scheme: Scheme, body: bytes) -> int:
    headers = scheme.signature_headers(body)
    return (await client.post("/webhook", content=body, headers=headers)).status_code


async def _verified(client: httpx.AsyncClient) -> dict[str, float]:
    lines = (await client.get("/metrics")).text.splitlines()
    return dict(_samples(lines))


def _samples(lines: list[str]) -> Iterator[tuple[str, float]]:
    for line in lines:
        if line.startswith("webhook_signatures_verified_total{"):
            labels, value = line.split(" ")
            yield labels.split('key="')[1].removesuffix('"}'), float(value)


async def test_a_standard_webhook_is_stored(
    serve: Serve, configured: Callable[..., Settings], body: bytes
) -> None:
    async with serve(configured=configured("standard")) as client:
        answer = await client.post(
            "/webhook", content=body, headers=_standard().signature_headers(body)
        )
        stored = (await client.get("/messages/m1")).status_code
    assert (answer.status_code, answer.json(), stored) == (200, {"status": "ok"}, 200)


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
async def test_a_standard_webhook_without_one_header_is_refused_before_its_json_is_looked_at(
    serve: Serve, configured: Callable[..., Settings], body: bytes, missing: str
) -> None:
    async with serve(configured=configured("standard")) as client:
        for content in (body, b"no json"):
            headers = dict(_standard().signature_headers(content))
            del headers[missing]
            answer = await client.post("/webhook", content=content, headers=headers)
            assert (answer.status_code, answer.content) == (401, b'{"detail":"invalid signature"}')


@pytest.mark.parametrize(("scheme", "other"), [("lyftr", "standard"), ("standard", "lyftr")])
async def test_the_configuration_chooses_the_scheme_whatever_the_request_claims(
    serve: Serve, configured: Callable[..., Settings], body: bytes, scheme: str, other: str
) -> None:
    right = _SIGNERS[scheme](_SECRET).signature_headers(body)
    foreign = _SIGNERS[other](_SECRET).signature_headers(body)
    async with serve(configured=configured(scheme)) as client:
        statuses = [
            (await client.post("/webhook", content=body, headers=headers)).status_code
            for headers in (foreign, [*foreign, *right], right)
        ]
    assert statuses == [401, 200, 200]


@pytest.mark.parametrize("age", [-301, 301, 86_400])
async def test_a_replay_outside_the_tolerance_is_refused(
    wire: Wire, serve: Serve, configured: Callable[..., Settings], body: bytes, age: int
) -> None:
    settings = configured("standard")
    container = wire(configured=settings)
    now = _NOW
    container.clock.override(providers.Object(lambda: now))
    async with serve(configured=settings, container=container) as client:
        assert await _post(client, _standard(), body) == 200
        now = _NOW + timedelta(seconds=age)
        assert await _post(client, _standard(), body) == 401


async def test_the_webhook_id_says_nothing_of_which_message_it_is(
    serve: Serve, configured: Callable[..., Settings], signed: Signed
) -> None:
    sent = [("m1", "msg_a"), ("m2", "msg_a"), ("m1", "msg_b")]
    async with serve(configured=configured("standard")) as client:
        for message_id, webhook_id in sent:
            content = signed(message_id=message_id)["content"]
            headers = {
                "webhook-id": webhook_id,
                "webhook-timestamp": f"{_NOW.timestamp():.0f}",
                "webhook-signature": _standard().sign(
                    content, webhook_id=webhook_id, timestamp=_NOW
                ),
            }
            answer = await client.post("/webhook", content=content, headers=headers)
            assert answer.status_code == 200
        page = (await client.get("/messages")).json()
    assert [item["message_id"] for item in page["items"]] == ["m1", "m2"]


@pytest.mark.parametrize("scheme", ["lyftr", "standard"])
async def test_both_keys_are_there_from_the_start_at_zero(
    serve: Serve, configured: Callable[..., Settings], scheme: str
) -> None:
    async with serve(configured=configured(scheme)) as client:
        assert await _verified(client) == {"current": 0.0, "previous": 0.0}


@pytest.mark.parametrize("scheme", ["lyftr", "standard"])
async def test_every_verified_signature_is_counted_by_its_secret_whatever_the_body_is(
    serve: Serve, configured: Callable[..., Settings], body: bytes, scheme: str
) -> None:
    new, old = _SIGNERS[scheme](_SECRET), _SIGNERS[scheme](_PREVIOUS)
    stranger = _SIGNERS[scheme](encode_secret(b"other"))
    async with serve(configured=configured(scheme, _PREVIOUS)) as client:
        for signer, content, status in (
            *((new, body, 200), (new, body, 200), (new, b"no json", 422)),
            *((old, body, 200), (old, b"{}", 422)),
            *((stranger, body, 401), (stranger, b"no json", 401)),
        ):
            assert await _post(client, signer, content) == status
        assert await _verified(client) == {"current": 3.0, "previous": 2.0}


@pytest.mark.parametrize("scheme", ["lyftr", "standard"])
async def test_without_a_previous_secret_it_no_longer_verifies(
    serve: Serve, configured: Callable[..., Settings], body: bytes, scheme: str
) -> None:
    async with serve(configured=configured(scheme)) as client:
        assert await _post(client, _SIGNERS[scheme](_PREVIOUS), body) == 401
        assert await _verified(client) == {"current": 0.0, "previous": 0.0}
