"""A shutdown: who is being answered gets the answer, and it ends in time whatever clients do."""

import os
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.support.load import Load
from tests.support.server import LYFTR, PATIENCE, SECRET, Serve, environment
from tests.support.stored import assert_kept
from tests.support.stores import ON_BOTH, Inbox

_LONG = "1800"
_IN_TIME = 180.0
"""Far beyond the shutdown time-outs here, and far below `_LONG`, which else would end it."""
_UNHURRIED = "10"
"""How long a shutdown may take whose end is the point, in seconds: on a busy machine most of the
shortest time-out is over before connections are told."""


@ON_BOTH
@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["alone", "two workers"])
def test_sigterm_under_load_drops_no_request_without_an_answer(
    serve: Serve, inbox: Inbox, options: tuple[str, ...], show: Callable[[str], None]
) -> None:
    unanswered: list[str] = []
    acknowledged: set[str] = set()
    for round_ in range(3):
        with (
            serve(*options) as server,
            Load(server.port, SECRET, f"r{round_}", senders=32) as load,
        ):
            load.wait_for(500)
            assert server.stop(signal.SIGTERM) == 0, server.output.read_text()
            load.stop()
        unanswered += load.unanswered
        acknowledged |= load.acknowledged.keys()
    assert unanswered == []
    inbox.assert_kept(acknowledged)
    inbox.assert_nothing_wrong()
    show(f"{len(acknowledged)} acknowledged before three shutdowns, none without an answer")


@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["alone", "two workers"])
def test_clients_that_never_finish_do_not_hold_up_the_end(
    serve: Serve, options: tuple[str, ...]
) -> None:
    unfinished = [
        b"",
        b"POST /webh",
        b"POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf",
        b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n",  # and then neither reads nor closes
    ]
    timeouts = ("--shutdown-timeout", _UNHURRIED, "--request-timeout", _LONG)
    with serve(*options, *timeouts) as server, ExitStack() as stack:
        for sent in unfinished * 5:
            client = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
            stack.enter_context(client).sendall(sent)
        server.http.get("/health/live").raise_for_status()
        began = time.monotonic()
        assert server.stop(signal.SIGTERM) == 0
        assert time.monotonic() - began < _IN_TIME


@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["alone", "two workers"])
def test_half_a_head_is_told_that_the_server_shuts_down(
    serve: Serve, options: tuple[str, ...]
) -> None:
    timeouts = ("--shutdown-timeout", _UNHURRIED, "--request-timeout", _LONG)
    with (
        serve(*options, *timeouts) as server,
        socket.create_connection(("127.0.0.1", server.port), PATIENCE) as client,
    ):
        client.sendall(b"POST /webh")
        server.http.get("/health/live").raise_for_status()
        server.process.send_signal(signal.SIGTERM)
        answer = b"".join(iter(lambda: client.recv(65536), b"")).decode()
        assert server.process.wait(_IN_TIME) == 0
    assert answer.startswith("HTTP/1.1 503 ")
    assert "retry-after: 1\r\n" in answer


def test_a_request_that_comes_while_idle_connections_are_closed_is_answered(serve: Serve) -> None:
    request = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
    with serve() as server:
        for _ in range(3):
            server.http.get("/health/live").raise_for_status()
        with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as client:
            client.sendall(request)
            assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
            server.process.send_signal(signal.SIGTERM)
            client.sendall(request)
            answer = b"".join(iter(lambda: client.recv(65536), b"")).lower()
        assert server.process.wait(_IN_TIME) == 0
    assert answer.startswith(b"http/1.1 200 ")


def test_a_database_that_never_lets_go_does_not_hold_up_the_end(
    serve: Serve, tmp_path: Path
) -> None:
    with (
        serve("--shutdown-timeout", "2") as server,
        closing(sqlite3.connect(tmp_path / "lyftr.db", isolation_level=None)) as blocker,
        Load(server.port, SECRET, "m", senders=4) as load,
    ):
        load.wait_for(10)
        blocker.execute("BEGIN IMMEDIATE")
        load.wait_until(lambda: len(load.pending) == 4)
        began = time.monotonic()
        assert server.stop(signal.SIGTERM) in {0, 1}  # 1 where closing took too long
        assert time.monotonic() - began < _IN_TIME
        blocker.execute("ROLLBACK")
        load.stop()
    assert {answer.status for answer in load.answers} <= {200, 503}
    assert_kept(tmp_path / "lyftr.db", load.acknowledged)


@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["alone", "two workers"])
def test_output_that_nobody_takes_holds_up_neither_webhooks_nor_the_end(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    """A pipe whose reader stands still: its lines are lost, and no request."""
    reader, writer = os.pipe()
    command = [*LYFTR, "serve", "--port", "0", "--shutdown-timeout", "4", *options]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment(WEBHOOK_SECRET=SECRET),
        stdout=writer,
        stderr=writer,
    ) as process:
        try:
            first = os.read(reader, 4_096).decode()
            port = int(first.partition('"port":')[2].partition(",")[0])
            with Load(port, SECRET, "m", senders=8) as load:
                load.wait_for(1_000)  # 250 bytes a line: far more than a pipe holds
                began = time.monotonic()
                process.send_signal(signal.SIGTERM)
                assert process.wait(PATIENCE) == 0
                assert time.monotonic() - began < _IN_TIME
                load.stop()
        finally:
            process.kill()
            os.close(reader)
            os.close(writer)
    assert_kept(tmp_path / "lyftr.db", load.acknowledged)
