"""The live tail with real processes: every listener gets each message once, whatever happens."""

import os
import re
import signal
import socket
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import pytest

from tests.support.listeners import Listeners, Received
from tests.support.load import Load
from tests.support.processes import serving_processes
from tests.support.server import PATIENCE, SECRET, LyftrServer, Serve

_LISTENERS = 100
_LONG = "1800"
_IN_TIME = 180.0
"""Far beyond what it takes, and far below `_LONG`."""
_FROM_THE_BEGINNING = b"GET /stream?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n"
_FILTER = "to=%2B20000000007"
"""What a tenth of the messages of a `Load` passes."""
_EVERYTHING = "SELECT seq, message_id FROM messages ORDER BY seq"
_FILTERED = """SELECT seq, message_id FROM messages WHERE recipient = '+20000000007'
    ORDER BY seq"""
_QUERIES = ["" if number % 10 else _FILTER for number in range(_LISTENERS)]

Show = Callable[[str], None]


def in_log(folder: Path, query: str) -> list[Received]:
    """Return what is stored, in the order of commit."""
    with closing(sqlite3.connect(folder / "lyftr.db")) as connection:
        return [Received(*row) for row in connection.execute(query)]


def assert_each_has_all(listeners: Listeners, folder: Path) -> int:
    """Wait until everybody has come to the end of the log; none has a gap or anything twice."""
    everything, filtered = in_log(folder, _EVERYTHING), in_log(folder, _FILTERED)
    assert filtered
    expected = [filtered if query else everything for query in _QUERIES]
    listeners.wait_until(lambda: [r[-1:] for r in listeners.received] == [e[-1:] for e in expected])
    assert listeners.received == expected
    return len(everything)


def ended(server: LyftrServer, reason: str) -> float:
    """Return how many streams have ended for a reason."""
    text = server.http.get("/metrics").text
    sample = f'message_streams_ended_total{{reason="{reason}"}}'
    (count,) = re.findall(f"^{re.escape(sample)} (.*)$", text, re.MULTILINE)
    return float(count)


def fill(path: Path, count: int, text: str) -> None:
    """Append to the log as another process does."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(
            """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
            INSERT INTO messages (message_id, sender, recipient, ts, text, received_at)
            SELECT 'many-' || i, '+12', '+13', i, ?, 0 FROM n""",
            (count, text),
        )


def test_hundred_listeners_miss_nothing_and_get_nothing_twice_over_a_kill_9(
    serve: Serve, tmp_path: Path, show: Show
) -> None:
    with ExitStack() as stack:
        first = stack.enter_context(serve())
        listeners = stack.enter_context(Listeners(first.port, _QUERIES))
        load = stack.enter_context(Load(first.port, SECRET, "m", senders=8))
        load.wait_for(1_500)
        assert first.stop(signal.SIGKILL) == -signal.SIGKILL
        with serve("--port", str(first.port)):
            load.wait_for(1_500)
            load.stop()
            messages = assert_each_has_all(listeners, tmp_path)
            assert min(listeners.connected) >= 2
    show(f"{_LISTENERS} listeners, {messages} messages, one kill -9: no gap and no repeat")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_hundred_listeners_at_two_workers_get_what_either_commits_over_a_kill_9_of_one(
    serve: Serve, tmp_path: Path, show: Show
) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(serve("--workers", "2"))
        listeners = stack.enter_context(Listeners(server.port, _QUERIES))
        load = stack.enter_context(Load(server.port, SECRET, "m", senders=8, reuse=20))
        load.wait_for(1_000)
        for _ in range(2):
            workers: set[int] = set()
            while len(workers) < 2:
                workers = serving_processes(server.process.pid, tmp_path / "lyftr.db")
                time.sleep(0.02)
            os.kill(min(workers), signal.SIGKILL)
            load.wait_for(1_000)
        load.stop()
        messages = assert_each_has_all(listeners, tmp_path)
    show(
        f"{_LISTENERS} listeners at two workers, {messages} messages, two kills: no gap, no repeat"
    )


def test_listeners_resume_over_a_restart_which_ends_their_streams_properly(
    serve: Serve, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(serve())
        port = server.port
        listeners = stack.enter_context(Listeners(port, _QUERIES))
        load = stack.enter_context(Load(port, SECRET, "m", senders=4))
        for _ in range(2):
            load.wait_for(300)
            assert server.stop(signal.SIGTERM) == 0
            server = stack.enter_context(serve("--port", str(port)))
        load.wait_for(300)
        load.stop()
        assert_each_has_all(listeners, tmp_path)
        assert listeners.clean > 0


@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["alone", "two workers"])
def test_open_streams_do_not_hold_up_a_shutdown_taken_or_not(
    serve: Serve, tmp_path: Path, options: tuple[str, ...]
) -> None:
    timeouts = ("--shutdown-timeout", _LONG, "--request-timeout", _LONG)
    with ExitStack() as stack:
        server = stack.enter_context(serve(*options, *timeouts))
        fill(tmp_path / "lyftr.db", 4_000, "x" * 4_000)
        stack.enter_context(Listeners(server.port, [""] * 20, last_event_id=3_990))
        for _ in range(5):
            stalled = stack.enter_context(
                socket.create_connection(("127.0.0.1", server.port), PATIENCE)
            )
            stalled.sendall(_FROM_THE_BEGINNING)
            assert stalled.recv(10)  # and nothing more
        time.sleep(0.5)
        began = time.monotonic()
        assert server.stop(signal.SIGTERM) == 0
        assert time.monotonic() - began < _IN_TIME


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_client_that_takes_nothing_is_cut_off_and_costs_no_memory_meanwhile(
    serve: Serve, tmp_path: Path
) -> None:
    clients, messages, size = 40, 8_000, 4_000  # 32 MB for each
    with ExitStack() as stack:
        server = stack.enter_context(serve("--request-timeout", "2"))
        fill(tmp_path / "lyftr.db", messages, "x" * size)
        stalled = [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), PATIENCE))
            for _ in range(clients)
        ]
        before = resident(server.process.pid)
        for client in stalled:
            client.sendall(_FROM_THE_BEGINNING)
        deadline = time.monotonic() + 3 * PATIENCE  # forty have their turn at one process
        most = 0
        while ended(server, "slow") < clients:
            assert time.monotonic() < deadline
            most = max(most, resident(server.process.pid))
            time.sleep(0.1)
        assert most - before < clients * messages * size // 10
        for client in stalled:
            assert is_cut_off(client)
        assert server.deliver("m1").status_code == 200


def resident(process: int) -> int:
    """Return how much memory a process has, in bytes."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def is_cut_off(client: socket.socket) -> bool:
    """Tell whether a connection ended before the stream did."""
    try:
        *_, last = iter(partial(client.recv, 1 << 20), b"")
    except ConnectionResetError:
        return True
    return not last.endswith(b"0\r\n\r\n")


def test_idle_stream_outlives_every_timeout_and_vanishes_with_its_client(serve: Serve) -> None:
    with (
        serve("--request-timeout", "1") as server,
        Listeners(server.port, [""]) as listeners,
        socket.create_connection(("127.0.0.1", server.port), PATIENCE) as client,
    ):
        client.sendall(_FROM_THE_BEGINNING)
        assert client.recv(10)
        time.sleep(3)
        server.deliver("m1").raise_for_status()
        listeners.wait_until(lambda: listeners.counts() == {1})
        assert listeners.connected == [1]
        client.close()
        listeners.wait_until(lambda: ended(server, "client") == 1)
