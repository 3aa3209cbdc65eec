"""Who sends too much, too slowly, or takes no answer, is cut off, and keeps nobody else waiting."""

import select
import socket
import sqlite3
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.support.load import Load
from tests.support.polling import wait_until
from tests.support.server import SECRET, LyftrServer, Serve, raw, signed
from tests.support.slow_senders import SlowSenders

_PATIENCE = 60
_HEAD = b"POST /webhook HTTP/1.1\r\nHost: x\r\n"
_LONG = "600"

Connect = Callable[[LyftrServer], socket.socket]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Opens connections, and closes them at the end."""
    with ExitStack() as stack:

        def open_connection(server: LyftrServer) -> socket.socket:
            connection = socket.create_connection(("127.0.0.1", server.port), _PATIENCE)
            return stack.enter_context(connection)

        yield open_connection


def rest(connection: socket.socket) -> str:
    """Return all that comes until the server closes."""
    return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


def test_a_head_that_trickles_in_is_cut_off_with_408(serve: Serve, connect: Connect) -> None:
    with serve("--request-timeout", "1") as server:
        connection = connect(server)
        began = time.monotonic()
        connection.sendall(_HEAD)
        answer = rest(connection)
        assert time.monotonic() - began > 0.9
        line = server.wait_for_line('"status":408')
        metrics = server.http.get("/metrics").text
    assert answer.startswith("HTTP/1.1 408 ")
    assert '{"detail":"the request took too long to arrive"}' in answer
    assert f"x-request-id: {line['request_id']}\r\n" in answer
    assert 'http_requests_total{method="other",path="unmatched",status="408"} 1.0' in metrics


def test_a_body_that_trickles_in_is_cut_off_with_408(serve: Serve, connect: Connect) -> None:
    with serve("--request-timeout", "1") as server:
        connection = connect(server)
        connection.sendall(_HEAD + b"Content-Length: 10\r\n\r\nhalf")
        answer = rest(connection)
        line = server.wait_for_line('"status":408')
    assert answer.startswith("HTTP/1.1 408 ")
    assert "connection: close\r\n" in answer
    assert (line["method"], line["path"]) == ("POST", "/webhook")


def test_bytes_that_come_one_by_one_win_no_time(serve: Serve, connect: Connect) -> None:
    """Fifty steps would take five seconds, each far within the second that the whole may take."""
    with serve("--request-timeout", "1") as server:
        connection = connect(server)
        connection.sendall(_HEAD + b"Content-Length: 50\r\n\r\n")
        sent = 0
        try:
            for _ in range(50):
                connection.sendall(b"x")
                sent += 1
                time.sleep(0.1)  # that is how a slow sender sends
        except ConnectionError:
            pass
        server.wait_for_line('"status":408')
    assert sent < 50


def test_a_connection_that_sends_nothing_is_closed(serve: Serve, connect: Connect) -> None:
    with serve("--request-timeout", "1") as server:
        assert rest(connect(server)) == ""


def test_a_request_behind_a_slow_answer_is_not_taken_for_a_slow_one(
    serve: Serve, connect: Connect, tmp_path: Path
) -> None:
    """A lock of ours holds up the first for longer than the second may take to arrive."""
    with (
        serve("--request-timeout", "1") as server,
        closing(sqlite3.connect(tmp_path / "lyftr.db", isolation_level=None)) as blocker,
    ):
        blocker.execute("BEGIN IMMEDIATE")
        connection = connect(server)
        connection.sendall(raw(signed("first")) + raw(signed("second"))[:-5])
        time.sleep(2.5)  # twice the request time-out
        blocker.execute("ROLLBACK")
        answer = connection.recv(65536)
        connection.sendall(raw(signed("second"))[-5:])
        while answer.count(b"HTTP/1.1 ") < 2:
            answer += connection.recv(65536)
    assert answer.count(b"HTTP/1.1 200 ") == 2


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(_HEAD + b"X: " + b"x" * 20_000 + b"\r\n\r\n", id="one header"),
        pytest.param(_HEAD + b"X: y\r\n" * 5_000 + b"\r\n", id="many headers"),
        pytest.param(b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", id="target"),
        pytest.param(_HEAD + b"X: " + b"x" * 200_000, id="without an end"),
    ],
)
@pytest.mark.parametrize("piece", [1_000_000, 3_000], ids=["at once", "in pieces"])
def test_a_head_over_the_limit_is_refused_with_431(
    serve: Serve, connect: Connect, head: bytes, piece: int
) -> None:
    with serve("--request-timeout", _LONG) as server:
        connection = connect(server)
        answer = b""
        try:
            for start in range(0, len(head), piece):
                connection.sendall(head[start : start + piece])
                time.sleep(0.01)  # so that each piece arrives by itself
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        except ConnectionError:
            pass  # it was closed with something unread
        server.wait_for_line('"status":431')
        assert server.deliver("good").status_code == 200
    assert answer[:13] in {b"HTTP/1.1 431 ", b""}


def test_more_headers_than_may_be_are_refused_with_431(serve: Serve, connect: Connect) -> None:
    with serve() as server:
        connection = connect(server)
        connection.sendall(_HEAD + b"".join(b"a%d: b\r\n" % n for n in range(100)) + b"\r\n")
        assert rest(connection).startswith("HTTP/1.1 431 ")


def test_pieces_with_several_requests_are_not_taken_for_one_long_head(
    serve: Serve, connect: Connect
) -> None:
    """Each piece begins and ends within a head, and is longer than a head may be."""
    stream = b"".join(raw(signed(f"m{n}", text="x" * 4_000)) for n in range(12))
    with serve() as server:
        connection = connect(server)
        received = b""
        for start, end in ((0, 20), (20, 25_000), (25_000, len(stream))):
            connection.sendall(stream[start:end])
            server.http.get("/health/live").raise_for_status()  # so that it arrives by itself
        while received.count(b"HTTP/1.1 ") < 12:
            received += connection.recv(65536)
    assert received.count(b"HTTP/1.1 200 ") == 12


def test_requests_that_come_faster_than_they_are_answered_fill_no_memory(
    serve: Serve, connect: Connect
) -> None:
    request = b"GET /x HTTP/1.1\r\nHost: x\r\nContent-Length: 8000\r\n\r\n" + b"x" * 8_000
    with serve("--request-timeout", _LONG) as server:
        before = _memory_of(server)
        connection = connect(server)
        connection.setblocking(False)
        sent = received = 0
        while received < 1_000_000:  # some 1,500 answers; what came beside them is much more
            readable, writable, _ = select.select([connection], [connection], [], _PATIENCE)
            if writable:
                sent += connection.send(request * 100)
            if readable:
                received += len(connection.recv(65536))
        assert sent > 10_000_000
        assert _memory_of(server) - before < 50_000_000
        assert server.deliver("good").status_code == 200


def _memory_of(server: LyftrServer) -> int:
    """Return the highest resident size that the server has had, in bytes."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1_024


def test_many_pipelined_requests_are_answered_up_to_a_limit_that_is_told(
    serve: Serve, connect: Connect
) -> None:
    with serve() as server:
        connection = connect(server)
        connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n" * 100)
        answers = rest(connection)
    assert 30 < answers.count("HTTP/1.1 200 OK") < 40
    assert answers.count("connection: close") == 1
    assert "connection: close" in answers.rpartition("HTTP/1.1 ")[2]


def test_newlines_alone_keep_no_connection_open(serve: Serve, connect: Connect) -> None:
    with serve("--request-timeout", "1") as server:
        connection = connect(server)
        connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        for _ in range(3):
            connection.sendall(b"\r\n")
        assert rest(connection) == ""


@pytest.mark.parametrize("behind", [b"garbage\r\n\r\n", b"X: " + b"x" * 200_000])
def test_what_is_refused_takes_no_answer_from_what_came_before(
    serve: Serve, connect: Connect, behind: bytes
) -> None:
    with serve() as server:
        connection = connect(server)
        connection.sendall(raw(signed("m")) + behind)
        answer = rest(connection)
    assert answer.startswith("HTTP/1.1 200 ")
    assert answer.count("HTTP/1.1 ") == 1


def test_who_sends_nothing_more_still_gets_its_answer(serve: Serve, connect: Connect) -> None:
    with serve() as server:
        connection = connect(server)
        connection.sendall(raw(signed("m")))
        connection.shutdown(socket.SHUT_WR)
        assert rest(connection).startswith("HTTP/1.1 200 ")


def test_clients_that_go_away_leave_no_traceback(serve: Serve, connect: Connect) -> None:
    with serve() as server:
        for number in range(20):
            connection = connect(server)
            connection.sendall(raw(signed(f"a{number}")) + raw(signed(f"b{number}")))
            reset = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            connection.close()
        assert server.deliver("good").status_code == 200
        server.wait_for_line('"message_id":"good"')
        events = {line["event"] for line in server.lines()}
    assert events == {"listening", "request"}


def test_a_head_just_below_the_limit_is_taken(serve: Serve, connect: Connect) -> None:
    head = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: "
    with serve() as server:
        connection = connect(server)
        connection.sendall(head + b"x" * (16_000 - len(head)) + b"\r\n\r\n")
        assert rest(connection).startswith("HTTP/1.1 200 ")


def test_trailers_without_end_are_refused(serve: Serve, connect: Connect) -> None:
    with serve("--request-timeout", _LONG) as server:
        connection = connect(server)
        connection.sendall(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n")
        trailer = b"X: " + b"y" * 100_000 + b"\r\n"
        with pytest.raises(ConnectionError):  # long before so much is sent
            connection.sendall(trailer * 10_000)
        server.wait_for_line('"status":431')
        assert server.deliver("good").status_code == 200


def test_a_signature_among_the_trailers_is_none(serve: Serve, connect: Connect) -> None:
    request = signed("m")
    size = b"%x\r\n" % len(request["content"])
    trailer = b"X-Signature: " + request["headers"]["X-Signature"].encode()
    with serve() as server:
        connection = connect(server)
        connection.sendall(_HEAD + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
        connection.sendall(size + request["content"] + b"\r\n0\r\n")
        connection.sendall(trailer + b"\r\n\r\n")
        assert rest(connection).startswith("HTTP/1.1 401 ")


def test_who_takes_no_answer_is_cut_off(serve: Serve) -> None:
    ask = b"GET /messages?limit=100 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with serve("--request-timeout", "1") as server, socket.socket() as connection:
        for number in range(100):
            server.deliver(f"m{number}", text="é" * 4_096).raise_for_status()
        # As little as the system allows, so that most of the answers stays with the server.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        connection.settimeout(_PATIENCE)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(ask * 20)
        deadline = time.monotonic() + _PATIENCE
        while _connections(server) > 1:  # the one of `server.http` stays or not
            assert time.monotonic() < deadline, "it is still held"
            server.http.get("/health/live").raise_for_status()
            time.sleep(0.2)  # polling, up to the deadline


_SHORT_ANSWER = b"GET /messages?limit=10 HTTP/1.%d\r\nHost: localhost\r\n%b\r\n"
"""Its 80 KiB fit the buffers of the system, so that to the process they are sent."""


@pytest.fixture
def unread(serve: Serve, request: pytest.FixtureRequest) -> Iterator[tuple[LyftrServer, Connect]]:
    """A server with a second of patience, and connections that can hold little."""
    with serve("--request-timeout", "1", *request.param) as server, ExitStack() as stack:
        for number in range(10):
            server.deliver(f"m{number}", text="é" * 4_096).raise_for_status()

        def open_connection(server: LyftrServer) -> socket.socket:
            connection = stack.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            connection.settimeout(_PATIENCE)
            connection.connect(("127.0.0.1", server.port))
            return connection

        yield server, open_connection


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="the system has no such limit")
@pytest.mark.parametrize("unread", [(), ("--workers", "2")], ids=["alone", "two"], indirect=True)
def test_who_reads_nothing_of_an_answer_that_the_system_holds_is_cut_off(
    unread: tuple[LyftrServer, Connect],
) -> None:
    server, connect = unread
    heads = [(1, b""), (1, b"Connection: close\r\n"), (0, b""), (0, b"Connection: keep-alive\r\n")]
    connections = [connect(server) for _ in heads]
    for connection, head in zip(connections, heads, strict=True):
        connection.sendall(_SHORT_ANSWER % head)
    began = time.monotonic()
    wait_until(lambda: sum(size > 50_000 for size in _unsent(server, connections)) == len(heads))
    wait_until(lambda: not _unsent(server, connections))
    assert time.monotonic() - began < 30  # and not 75, nor the quarter of an hour of the system


@pytest.mark.parametrize("unread", [()], indirect=True)
def test_who_reads_slowly_or_is_idle_is_not_cut_off(unread: tuple[LyftrServer, Connect]) -> None:
    server, connect = unread
    idle, slow = connect(server), connect(server)
    idle.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
    assert idle.recv(65536).startswith(b"HTTP/1.1 200 ")
    slow.sendall(_SHORT_ANSWER % (1, b"Connection: close\r\n"))
    began = time.monotonic()
    received = b""
    while time.monotonic() - began < 2.5:  # more than twice the request time-out
        received += slow.recv(2_000)
        time.sleep(0.2)  # that is how a slow reader reads
    assert len(received + rest(slow).encode()) > 80_000
    idle.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
    assert idle.recv(65536).startswith(b"HTTP/1.1 200 ")


def _unsent(server: LyftrServer, connections: list[socket.socket]) -> list[int]:
    """Return how many bytes the system holds for each connection, but for those that are gone."""
    peers = {f"0100007F:{connection.getsockname()[1]:04X}" for connection in connections}
    local = f"0100007F:{server.port:04X}"
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [int(row[4][:8], 16) for row in rows if row[1] == local and row[2] in peers]


def _connections(server: LyftrServer) -> int:
    """Return how many connections the server's process holds, as the system sees it."""
    local = f"0100007F:{server.port:04X}"
    rows = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return sum(1 for row in rows if row.split()[1] == local and row.split()[3] == "01")


def test_more_webhooks_in_flight_than_may_be_are_answered_503_at_once(
    serve: Serve, connect: Connect, tmp_path: Path
) -> None:
    """A lock of ours keeps three in flight; a hundred idle connections do not count."""
    with (
        serve(MAX_WEBHOOKS_IN_FLIGHT="3") as server,
        closing(sqlite3.connect(tmp_path / "lyftr.db", isolation_level=None)) as blocker,
    ):
        for _ in range(100):
            connect(server)
        half_sent = [connect(server) for _ in range(10)]
        for connection in half_sent:
            connection.sendall(_HEAD + b"Content-Length: 10\r\n\r\nhalf")
        blocker.execute("BEGIN IMMEDIATE")
        waiting = {connect(server) for _ in range(6)}
        for number, connection in enumerate(waiting):
            connection.sendall(raw(signed(f"m{number}")))
        refused: dict[socket.socket, str] = {}
        while len(refused) < 3:  # while the others still wait
            for connection in select.select(waiting - refused.keys(), [], [], _PATIENCE)[0]:
                refused[connection] = connection.recv(65536).decode()
        blocker.execute("ROLLBACK")
        accepted = [connection.recv(65536) for connection in waiting - refused.keys()]
    for answer in refused.values():
        assert answer.startswith("HTTP/1.1 503 ")
        assert "retry-after: 1\r\n" in answer
        assert answer.endswith('{"detail":"too many requests at once, try again"}')
    assert len(accepted) == 3
    assert all(answer.startswith(b"HTTP/1.1 200 ") for answer in accepted)


def test_a_thousand_slow_connections_keep_no_good_webhook_from_its_200(
    serve: Serve, show: Callable[[str], None]
) -> None:
    with serve("--request-timeout", _LONG) as server:  # so that all of them stay
        alone = _p99_of_good_webhooks(server, "alone")
        with SlowSenders(server.port, 1_000) as slow:
            slow.wait_until_connected()
            beside = _p99_of_good_webhooks(server, "beside")
            assert slow.connected >= 1_000
    show(f"p99 of good webhooks: {alone:.1f} ms alone, {beside:.1f} ms beside 1,000 slow senders")


def _p99_of_good_webhooks(server: LyftrServer, name: str) -> float:
    """Deliver two thousand, all of which must be answered 200; return the p99 in milliseconds."""
    with Load(server.port, SECRET, name, senders=8, limit=2_000) as load:
        load.join()
    assert {answer.status for answer in load.answers} == {200}
    assert load.unanswered == []
    return sorted(load.seconds)[len(load.seconds) * 99 // 100] * 1000
