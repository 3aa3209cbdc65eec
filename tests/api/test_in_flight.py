"""So many requests at once and not one more; what is refused can be tried again at once."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import msgspec
import pytest

from lyftr_core import AddOutcome, InMemoryMessageRepository, Stats
from lyftr_http.exchange.errors import TooManyInFlight
from lyftr_http.exchange.in_flight import InFlight
from lyftr_runtime.settings import Settings

Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
Signed = Callable[..., dict[str, Any]]


class Gated(InMemoryMessageRepository):
    """Answers nothing before the gate opens, and counts who waits for that."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.waiting = 0

    async def add(self, *arguments: Any, **keywords: Any) -> AddOutcome:  # noqa: ANN401 - those of the port
        await self._wait()
        return await super().add(*arguments, **keywords)

    async def stats(self) -> Stats:
        await self._wait()
        return await super().stats()

    async def _wait(self) -> None:
        self.waiting += 1
        await self.gate.wait()

    async def until_waiting(self, count: int) -> None:
        while self.waiting < count:  # noqa: ASYNC110 - many of them, in the turns of the loop
            await asyncio.sleep(0)


@pytest.fixture
def limited(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, max_webhooks_in_flight=2, max_reads_in_flight=2)


async def test_one_webhook_too_many_is_answered_503_at_once_and_reads_are_not_its_business(
    serve: Serve, signed: Signed, limited: Settings
) -> None:
    repository = Gated()
    async with serve(repository, limited) as client, asyncio.TaskGroup() as tasks:
        accepted = [
            tasks.create_task(client.post("/webhook", **signed(message_id=f"m{number}")))
            for number in range(2)
        ]
        await repository.until_waiting(2)
        refused = await client.post("/webhook", **signed(message_id="m3"))
        forged = await client.post("/webhook", content=b"{}")
        page = await client.get("/messages")
        repository.gate.set()
    assert [task.result().status_code for task in accepted] == [200, 200]
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert refused.json() == {"detail": "too many requests at once, try again"}
    assert forged.status_code == 503, "not even its signature is looked at"
    assert page.status_code == 200


async def test_one_read_too_many_is_answered_503_at_once_and_webhooks_are_not_its_business(
    serve: Serve, signed: Signed, limited: Settings
) -> None:
    repository = Gated()
    async with serve(repository, limited) as client, asyncio.TaskGroup() as tasks:
        accepted = [tasks.create_task(client.get("/stats")) for _ in range(2)]
        await repository.until_waiting(2)
        refused = await client.get("/messages")
        live = await client.get("/health/live")
        webhook = tasks.create_task(client.post("/webhook", **signed()))
        await repository.until_waiting(3)
        repository.gate.set()
    assert [task.result().status_code for task in accepted] == [200, 200]
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert live.status_code == 200
    assert webhook.result().status_code == 200


async def test_a_request_that_failed_leaves_its_place(
    serve: Serve, signed: Signed, limited: Settings
) -> None:
    async with serve(configured=limited) as client:
        for _ in range(5):
            assert (await client.post("/webhook", content=b"{}")).status_code == 401
            assert (await client.post("/webhook", **signed(b"no json"))).status_code == 422
            assert (await client.get("/messages?limit=nonsense")).status_code == 422
        assert (await client.post("/webhook", **signed())).status_code == 200


def test_a_place_is_free_again_when_its_request_ends() -> None:
    in_flight = InFlight(1)
    for _ in range(3):
        with in_flight, pytest.raises(TooManyInFlight, match="too many requests in flight"):
            in_flight.__enter__()
