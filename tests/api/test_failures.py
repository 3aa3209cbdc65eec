"""What is answered and logged where the store fails, or where something fails unforeseen."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any

import httpx
import msgspec
import pytest

from lyftr_core import AddOutcome, InMemoryMessageRepository, Message, StorageUnavailable
from lyftr_core.selection import Matches, Selection, Stats
from lyftr_runtime.settings import Settings

Lines = Callable[[], list[dict[str, Any]]]
Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
Signed = Callable[..., dict[str, Any]]

_READING = ["/messages", "/messages/m1", "/stats"]


class _Failing(InMemoryMessageRepository):
    """Raises as long as there is something to raise."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error: Exception | None = error

    def _fail(self) -> None:
        if self.error:
            raise self.error

    async def add(self, message: Message, *, received_at: datetime) -> AddOutcome:
        self._fail()
        return await super().add(message, received_at=received_at)

    async def get(self, message_id: str) -> None:
        self._fail()

    async def select(self, selection: Selection) -> Matches:
        self._fail()
        return await super().select(selection)

    async def stats(self) -> Stats:
        self._fail()
        return await super().stats()


class _Stuck(InMemoryMessageRepository):
    """Takes a message and never comes back."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = asyncio.Event()

    async def add(self, message: Message, *, received_at: datetime) -> AddOutcome:
        self.entered.set()
        await asyncio.Event().wait()
        return await super().add(message, received_at=received_at)


def _assert_unavailable(answer: httpx.Response, detail: str = "unavailable, try again") -> None:
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"detail": detail}


async def test_store_that_cannot_commit_is_503_and_the_redelivery_is_taken(
    serve: Serve, signed: Signed
) -> None:
    repository = _Failing(StorageUnavailable("database or disk is full"))
    async with serve(repository) as client:
        _assert_unavailable(await client.post("/webhook", **signed()))
        repository.error = None
        assert (await client.post("/webhook", **signed())).status_code == 200
        assert (await client.get("/messages")).json()["total"] == 1


@pytest.mark.parametrize("path", _READING)
async def test_store_that_cannot_be_read_is_503(serve: Serve, path: str) -> None:
    async with serve(_Failing(StorageUnavailable("cannot read"))) as client:
        _assert_unavailable(await client.get(path))


async def test_reason_is_in_the_log_and_not_in_the_answer(
    serve: Serve, signed: Signed, lines: Lines
) -> None:
    async with serve(_Failing(StorageUnavailable("disk is full"))) as client:
        assert "disk is full" not in (await client.post("/webhook", **signed())).text
    (line,) = lines()
    assert (line["level"], line["error"], line["result"]) == (
        "warning",
        "disk is full",
        "unavailable",
    )


@pytest.mark.parametrize("body", [b"not json", None])
async def test_without_a_secret_every_webhook_is_503(
    serve: Serve, signed: Signed, settings: Settings, lines: Lines, body: bytes | None
) -> None:
    bare = msgspec.structs.replace(settings, webhook_secret=None)
    async with serve(configured=bare) as client:
        answer = await client.post("/webhook", **signed(body))
        _assert_unavailable(answer, "no webhook secret is configured")
        assert lines()[0]["error"] == "no webhook secret is configured"
        assert (await client.get("/messages")).json()["total"] == 0


async def test_unforeseen_error_of_the_writer_is_500_and_promises_nothing(
    serve: Serve, signed: Signed
) -> None:
    repository = _Failing(RuntimeError("canary of the inside"))
    async with serve(repository) as client:
        answer = await client.post("/webhook", **signed())
        assert (answer.status_code, answer.json()) == (500, {"detail": "internal error"})
        assert answer.headers["content-type"] == "application/json"
        repository.error = None
        assert (await client.post("/webhook", **signed())).status_code == 200


@pytest.mark.parametrize("path", _READING)
async def test_unforeseen_error_of_the_reader_is_500(serve: Serve, path: str) -> None:
    async with serve(_Failing(ZeroDivisionError("canary of the inside"))) as client:
        answer = await client.get(path)
        assert (answer.status_code, answer.json()) == (500, {"detail": "internal error"})


async def test_traceback_of_an_unforeseen_error_is_in_its_one_log_line(
    serve: Serve, signed: Signed, lines: Lines
) -> None:
    async with serve(_Failing(RuntimeError("canary of the inside"))) as client:
        answer = await client.post("/webhook", **signed())
    assert "canary" not in answer.text + str(answer.headers)
    (line,) = lines()
    assert (line["level"], line["status"]) == ("error", 500)
    assert line["exception"].startswith("Traceback (most recent call last):\n")
    assert line["exception"].endswith("RuntimeError: canary of the inside")
    assert "in _fail\n" in line["exception"]


async def test_unforeseen_error_is_counted_as_a_request(serve: Serve, signed: Signed) -> None:
    async with serve(_Failing(RuntimeError("boom"))) as client:
        await client.post("/webhook", **signed())
        metrics = (await client.get("/metrics")).text
    assert 'http_requests_total{method="POST",path="/webhook",status="500"} 1.0' in metrics


async def test_request_that_the_server_gives_up_is_told_to_try_again(
    serve: Serve, signed: Signed, lines: Lines
) -> None:
    repository = _Stuck()
    async with serve(repository) as client:
        request = asyncio.create_task(client.post("/webhook", **signed()))
        await repository.entered.wait()
        request.cancel()
        _assert_unavailable(await request, "shutting down, try again")
    assert [(line["status"], line["path"]) for line in lines()] == [(503, "/webhook")]


async def test_store_that_was_closed_is_503(serve: Serve, signed: Signed) -> None:
    async with serve() as client:
        keep = client._transport
    async with httpx.AsyncClient(transport=keep, base_url="http://t") as late:
        answer = await late.post("/webhook", **signed())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
