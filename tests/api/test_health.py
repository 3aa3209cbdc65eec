"""`GET /health/live` and `GET /health/ready`."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from lyftr_core import InMemoryMessageRepository
from lyftr_runtime.settings import Settings

Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


class _Down(InMemoryMessageRepository):
    async def check(self) -> str | None:
        return "not answering"


def _overwrite(database: str) -> None:
    for suffix in ("", "-wal"):
        Path(database + suffix).write_bytes(b"no database" * 1_000)


async def test_live_answers(client: httpx.AsyncClient) -> None:
    answer = await client.get("/health/live")
    assert (answer.status_code, answer.content) == (200, b'{"status":"ok"}')
    assert answer.headers["content-type"] == "application/json"


async def test_live_answers_though_nothing_is_ready(serve: Serve, settings: Settings) -> None:
    bare = msgspec.structs.replace(settings, webhook_secret=None)
    async with serve(_Down(), bare) as client:
        assert (await client.get("/health/live")).status_code == 200


async def test_ready_has_an_entry_for_each_check(client: httpx.AsyncClient) -> None:
    answer = await client.get("/health/ready")
    assert answer.headers["content-type"] == "application/json"
    assert (answer.status_code, answer.json()) == (
        200,
        {"checks": {"database": "ok", "webhook_secret": "ok"}, "status": "ok"},
    )


@pytest.mark.parametrize("database", [True, False])
@pytest.mark.parametrize("secret", [True, False])
async def test_one_failing_check_is_enough_to_be_not_ready(
    serve: Serve, settings: Settings, *, database: bool, secret: bool
) -> None:
    bare = msgspec.structs.replace(settings, webhook_secret=None)
    async with serve(None if database else _Down(), settings if secret else bare) as client:
        answer = await client.get("/health/ready")
    body = answer.json()
    assert body["checks"] == {
        "database": "ok" if database else "not answering",
        "webhook_secret": "ok" if secret else "not configured",
    }
    if database and secret:
        assert answer.status_code == 200
    else:
        assert (answer.status_code, body["detail"]) == (503, "not ready")
        assert int(answer.headers["retry-after"]) >= 1


async def test_database_that_is_no_longer_one_is_not_ready(
    serve: Serve, settings: Settings
) -> None:
    async with serve() as client:
        _overwrite(settings.database_url.removeprefix("sqlite:///"))
        answer = await client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": "not answering", "webhook_secret": "ok"}


async def test_the_log_says_which_check_failed(
    serve: Serve, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    async with serve(_Down()) as client:
        await client.get("/health/ready")
    (line,) = lines()
    assert (line["level"], line["status"]) == ("warning", 503)
    assert "database: not answering" in line["error"]
