"""The whole application on a real database, against a model of it, through many restarts."""

import asyncio
import json
import shutil
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack
from pathlib import Path
from typing import Any, TypeVar

import httpx
import hypothesis
import pytest
from hypothesis.stateful import run_state_machine_as_test
from msgspec.structs import replace

from lyftr_runtime.settings import Settings
from tests.support.model.machine import Answer, ServiceMachine, Webhook
from tests.support.postgresql.database_server import DatabaseServer

Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
Signed = Callable[..., dict[str, Any]]
T = TypeVar("T")


class InProcess:
    """The application in a loop of its own, which stands still between the requests."""

    def __init__(self, open_client: Callable[[], Any], signed: Signed) -> None:
        self._open_client = open_client
        self._signed = signed
        self._runner = asyncio.Runner()
        self._start()

    def deliver(self, webhooks: Sequence[Webhook]) -> list[Answer]:
        return self._run(self._post_all(webhooks))

    def get(self, target: str) -> Answer:
        return self._run(self._ask("GET", target))

    def restart(self) -> None:
        self._stop()
        self._start()

    def close(self) -> None:
        self._stop()
        self._runner.close()

    def _start(self) -> None:
        self._context = self._open_client()
        self._client: httpx.AsyncClient = self._run(self._context.__aenter__())

    def _stop(self) -> None:
        self._run(self._context.__aexit__(None, None, None))

    async def _post_all(self, webhooks: Sequence[Webhook]) -> list[Answer]:
        return list(await asyncio.gather(*map(self._post, webhooks)))

    async def _post(self, webhook: Webhook) -> Answer:
        arguments = self._signed(webhook.body)
        if not webhook.is_signed:
            arguments["headers"] = {"X-Signature": "0" * 64}
        return await self._ask("POST", "/webhook", **arguments)

    async def _ask(self, method: str, target: str, **arguments: Any) -> Answer:  # noqa: ANN401 - httpx's
        raw = {"target": target.encode()}
        answer = await self._client.request(method, "/", extensions=raw, **arguments)
        is_json = answer.headers["content-type"] == "application/json"
        return Answer(answer.status_code, json.loads(answer.content) if is_json else answer.text)

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(coroutine)


@pytest.mark.thorough
def test_every_answer_is_that_of_the_model(
    serve: Serve, signed: Signed, settings: Settings, tmp_path: Path
) -> None:
    numbers = iter(range(1_000_000))

    def new_database() -> str:
        folder = tmp_path / f"example-{next(numbers)}"
        folder.mkdir()
        return f"sqlite:///{folder / 'inbox.db'}"

    compare(serve, signed, settings, new_database, 40)
    shutil.rmtree(tmp_path)


@pytest.mark.thorough
def test_every_answer_is_that_of_the_model_on_postgresql_too(
    serve: Serve, signed: Signed, settings: Settings, postgres_server: DatabaseServer
) -> None:
    with ExitStack() as databases:

        def new_database() -> str:
            return postgres_server.url(databases.enter_context(postgres_server.database()))

        compare(serve, signed, settings, new_database, 10)


def compare(
    serve: Serve,
    signed: Signed,
    settings: Settings,
    new_database: Callable[[], str],
    examples: int,
) -> None:
    seen: Counter[str] = Counter()

    def begin() -> ServiceMachine:
        configured = replace(settings, database_url=new_database())
        return ServiceMachine(InProcess(lambda: serve(configured=configured), signed), seen)

    run_state_machine_as_test(
        begin,  # type: ignore[arg-type] # documented: anything that returns a machine
        # The same examples each time: a fault that only some run finds would refuse a change
        # that has nothing to do with it.
        settings=hypothesis.settings(
            deadline=None, derandomize=True, max_examples=examples, stateful_step_count=40
        ),
    )
    assert seen.keys() >= {
        *("created", "duplicate", "conflict", "validation_error", "invalid_signature"),
        *(
            "full page",
            "empty page",
            "full page behind a cursor",
            "full log",
            "restart of a full service",
        ),
    }
