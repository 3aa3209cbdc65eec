"""PostgreSQL stands still, or one transaction in it does: 503 in time, and all goes on after it."""

import signal
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest

from lyftr_postgres.connection.reading import LAST_WORDS
from lyftr_postgres.connection.writing import PATIENCE
from lyftr_sql import reader
from tests.support.load import Load
from tests.support.polling import wait_until
from tests.support.postgresql.database_server import DatabaseServer
from tests.support.postgresql.hanging import hung
from tests.support.postgresql.server import PostgresServer
from tests.support.postgresql.sessions import Session
from tests.support.server import SECRET, Serve
from tests.support.stored_postgres import assert_kept_in

Show = Callable[[str], None]

_INSERT = """INSERT INTO messages (message_id, sender, recipient, ts, text, received_at, seq)
    VALUES ('stalled', '+12', '+13', 0, 'stalled', 0, 1) RETURNING 'inserted'"""
_SLOW = 15.0
"""What a busy machine may add to a time limit of the server, in seconds."""


def test_a_stalled_transaction_refuses_webhooks_of_its_message_and_the_others_go_on(
    serve: Serve, postgres_server: DatabaseServer, postgres_url: str, show: Show
) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(serve(DATABASE_URL=postgres_url))
        load = stack.enter_context(Load(server.port, SECRET, "other"))
        load.wait_for(100)
        session = stack.enter_context(Session(postgres_server.psql, postgres_url))
        session.tell("BEGIN")
        assert session.ask(_INSERT) == "inserted"
        began = time.monotonic()
        assert server.deliver("stalled").status_code == 503
        waited = time.monotonic() - began
        assert waited < PATIENCE + _SLOW
        load.wait_for(100)
        longest = max(load.seconds)
        assert longest < PATIENCE + _SLOW
        session.tell("ROLLBACK")
        wait_until(lambda: server.deliver("stalled").status_code == 200)
        load.wait_for(100)
        load.stop()
        assert server.http.get("/messages/stalled").json()["text"] == "Hello"
    show(
        f"refused after {waited:.1f} s; another webhook was answered after {longest:.1f} s at most"
    )


def test_while_postgresql_hangs_webhooks_are_refused_in_time_and_then_all_goes_on(
    serve: Serve, primary_to_break: PostgresServer, show: Show
) -> None:
    url = primary_to_break.tcp_url("inbox")
    with ExitStack() as stack:
        server = stack.enter_context(serve(DATABASE_URL=url, MAX_WEBHOOKS_IN_FLIGHT="8"))
        load = stack.enter_context(Load(server.port, SECRET, "m", senders=24))
        load.wait_for(200)
        with hung(primary_to_break):
            refused = load.answers.total() - len(load.acknowledged)
            answered = len(load.seconds)
            # Some are refused at once, as eight wait already; those eight, and others after them.
            load.wait_until(
                lambda: len([s for s in load.seconds[answered:] if s > PATIENCE / 2]) >= 16
            )
            assert load.answers.total() - len(load.acknowledged) > refused
            longest = max(load.seconds)
            assert longest < PATIENCE + _SLOW
            assert server.http.get("/health/live").status_code == 200
            assert server.http.get("/health/ready").status_code == 503
            acknowledged = len(load.acknowledged)
        load.wait_for(200)
        wait_until(lambda: server.http.get("/health/ready").status_code == 200)
        assert server.http.get("/messages?limit=1").json()["total"] >= acknowledged
        load.stop()
        assert {answer.status for answer in load.answers} == {200, 503}
        assert_kept_in(url, load.acknowledged)
    show(f"a webhook was answered after {longest:.1f} s at most")


def test_reads_are_refused_in_time_while_postgresql_hangs(
    serve: Serve, primary_to_break: PostgresServer, show: Show
) -> None:
    with serve(DATABASE_URL=primary_to_break.tcp_url("inbox")) as server:
        server.deliver("m1").raise_for_status()
        targets = ["/messages", "/messages/m1", "/stats", "/messages?after=0", "/health/ready"] * 2
        # Connections that are open already, and more of them than there are.
        with ThreadPoolExecutor(len(targets)) as pool:
            list(pool.map(server.http.get, targets))
            with hung(primary_to_break):
                wait_until(lambda: server.http.get("/health/ready").status_code == 503)
                began = time.monotonic()
                answers = [(pool.submit(server.http.get, target)) for target in targets]
                assert {answer.result().status_code for answer in answers} == {503}
                took = time.monotonic() - began
                assert took < reader.PATIENCE + LAST_WORDS + _SLOW
        wait_until(lambda: server.http.get("/health/ready").status_code == 200)
        for target in targets:
            assert server.http.get(target).status_code == 200
    show(f"answered after {took:.1f} s at most")


@pytest.mark.parametrize("is_used", [True, False])
def test_a_server_ends_in_time_while_postgresql_hangs(
    serve: Serve, primary_to_break: PostgresServer, show: Show, *, is_used: bool
) -> None:
    timeout = 4.0
    url = primary_to_break.tcp_url("inbox")
    with (
        serve("--shutdown-timeout", f"{timeout:g}", DATABASE_URL=url) as server,
        ThreadPoolExecutor(100) as pool,
    ):
        server.deliver("m1").raise_for_status()
        with hung(primary_to_break):
            waiting: list[Future[httpx.Response]] = []

            def one_waits_behind_another() -> bool:
                waiting.append(pool.submit(server.deliver, f"waiting-{len(waiting)}"))
                metrics: str = server.http.get("/metrics").text
                return "webhook_queue_depth 0.0" not in metrics

            if is_used:
                wait_until(one_waits_behind_another)
            began = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            status = server.process.wait(timeout + _SLOW)
            took = time.monotonic() - began
            assert {answer.result().status_code for answer in waiting} <= {503}
    show(f"it ended with {status} after {took:.1f} s")
