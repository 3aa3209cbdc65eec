"""A real server that is killed again and again, against the model in `tests/support/model`."""

import json
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http import HTTPStatus

import httpx
import hypothesis
from hypothesis.stateful import run_state_machine_as_test

from lyftr_core import HexHmacSha256
from tests.support.model.machine import Answer, ServiceMachine, Webhook
from tests.support.postgresql.database_server import DatabaseServer
from tests.support.server import PATIENCE, SECRET, LyftrServer, Serve


class RealProcess:
    """`lyftr serve`, which a restart ends with `kill -9`."""

    def __init__(self, serve: Serve, url: str) -> None:
        self._serve = serve
        self._url = url
        self._threads = ThreadPoolExecutor(8)
        self._server = self._start()

    def deliver(self, webhooks: Sequence[Webhook]) -> list[Answer]:
        return list(self._threads.map(self._post, webhooks))

    def get(self, target: str) -> Answer:
        answer = self._get_in_time(target)
        is_json = answer.headers["content-type"] == "application/json"
        return Answer(answer.status_code, answer.json() if is_json else answer.text)

    def _get_in_time(self, target: str) -> httpx.Response:
        """Ask again after a 503, as clients do: the machine may be too busy for a time limit."""
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self._server.http.request("GET", "/", extensions={"target": target.encode()})
            if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE or time.monotonic() > deadline:
                return answer

    def restart(self) -> None:
        self._server.http.close()
        assert self._server.stop(signal.SIGKILL) == -signal.SIGKILL
        self._server = self._start()

    def close(self) -> None:
        self._server.__exit__()
        self._threads.shutdown()

    def _start(self) -> LyftrServer:
        return self._serve(DATABASE_URL=self._url).__enter__()

    def _post(self, webhook: Webhook) -> Answer:
        signature = HexHmacSha256(SECRET).sign(webhook.body) if webhook.is_signed else "0" * 64
        headers = {"X-Signature": signature}
        answer = self._server.http.post("/webhook", content=webhook.body, headers=headers)
        return Answer(answer.status_code, json.loads(answer.content))


def test_nothing_that_was_answered_is_forgotten_by_a_kill(serve: Serve) -> None:
    numbers = iter(range(1_000))
    kill_again_and_again(serve, lambda: f"sqlite:///inbox-{next(numbers)}.db")


def test_nothing_that_was_answered_is_forgotten_by_a_kill_on_postgresql_either(
    serve: Serve, postgres_server: DatabaseServer
) -> None:
    with ExitStack() as databases:

        def new_database() -> str:
            return postgres_server.url(databases.enter_context(postgres_server.database()))

        kill_again_and_again(serve, new_database)


def kill_again_and_again(serve: Serve, new_database: Callable[[], str]) -> None:
    seen: Counter[str] = Counter()

    def begin() -> ServiceMachine:
        return ServiceMachine(RealProcess(serve, new_database()), seen)

    run_state_machine_as_test(
        begin,  # type: ignore[arg-type] # documented: anything that returns a machine
        # Few, as a start takes a second; the same each time, as in the test of one process.
        settings=hypothesis.settings(
            deadline=None, derandomize=True, max_examples=5, stateful_step_count=30
        ),
    )
    assert seen.keys() >= {"created", "restart of a full service", "full page"}
