"""What a real connection can do that a test client cannot."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest

from lyftr_core import HexHmacSha256
from lyftr_http.exchange.headers import SECURITY_HEADERS
from tests.support.server import LYFTR, SECRET, Serve, environment


def exchange(port: int, *packets: bytes) -> bytes:
    """Send packets, and return all that comes until the server closes."""
    with socket.create_connection(("127.0.0.1", port), 20) as connection:
        for packet in packets:
            connection.sendall(packet)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def parts(answer: bytes) -> tuple[bytes, dict[str, object]]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.lower(), json.loads(body)


@pytest.mark.parametrize("upgrade", ["h2c", "websocket", "TLS/1.0"])
def test_a_body_behind_an_upgrade_is_never_read_as_a_request(serve: Serve, upgrade: str) -> None:
    body = b"GET /messages HTTP/1.1\r\nHost: x\r\n\r\n"
    head = (
        "POST /webhook HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\n"
        f"Upgrade: {upgrade}\r\nX-Signature: {HexHmacSha256(SECRET).sign(body)}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with serve() as server:
        answer, content = parts(exchange(server.port, head.encode(), body))
    assert answer.startswith(b"http/1.1 400 ")
    assert b"connection: close" in answer
    assert content == {"detail": "upgrade to another protocol is not supported"}
    assert_secured(answer)


def test_what_is_not_http_is_answered_in_json(serve: Serve) -> None:
    with serve() as server:
        answer, content = parts(exchange(server.port, b"nonsense\r\n\r\n"))
    assert answer.startswith(b"http/1.1 400 ")
    assert content == {"detail": "Invalid HTTP request received."}
    assert_secured(answer)


def assert_secured(head: bytes) -> None:
    """See that an answer, in lower case, has what every answer has, and no banner."""
    fields = [line.split(b": ", 1) for line in head.split(b"\r\n")[1:]]
    names = [name for name, _ in fields]
    for name, value in SECURITY_HEADERS:
        assert [v for n, v in fields if n == name] == [value.lower()]
    assert names.count(b"date") == 1
    assert b"server" not in names


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        *((b"GET /health/live", b"200"), (b"HEAD /stats", b"200"), (b"GET /nowhere", b"404")),
        *((b"PUT /stats", b"405"), (b"POST /webhook", b"401"), (b"GET /messages?limit=0", b"422")),
    ],
)
def test_every_answer_has_the_security_headers_and_the_date_and_no_banner(
    serve: Serve, request_line: bytes, status: bytes
) -> None:
    head = b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with serve() as server:
        answer = exchange(server.port, request_line + head)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert_secured(answer.partition(b"\r\n\r\n")[0].lower())


def test_answers_without_a_body_are_sent_whole(serve: Serve) -> None:
    """The head of an answer waits for its body; here none comes."""
    head = b"HEAD /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"HEAD /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with serve() as server:
        answers = exchange(server.port, head, head + last)
    assert answers.count(b"HTTP/1.1 200 OK\r\n") == 3
    assert answers.endswith(b"\r\n\r\n")


def test_a_sender_that_waits_for_permission_gets_it(serve: Serve) -> None:
    body = b"{}"
    head = (
        "POST /webhook HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\n"
        f"X-Signature: {HexHmacSha256(SECRET).sign(body)}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with serve() as server, socket.create_connection(("127.0.0.1", server.port), 20) as connection:
        connection.sendall(head.encode())
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 422 ")


def test_a_request_that_a_shutdown_cuts_off_is_told_to_try_again(serve: Serve) -> None:
    request = b"POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf"
    with serve() as server, socket.create_connection(("127.0.0.1", server.port), 20) as connection:
        connection.sendall(request)
        server.http.get("/health/live")  # answered after what arrived before it was taken up
        server.process.send_signal(signal.SIGTERM)
        answer, content = parts(b"".join(iter(lambda: connection.recv(65536), b"")))
        assert server.process.wait(20) == 0
        lines = server.lines()
    assert answer.startswith(b"http/1.1 503 ")
    assert b"retry-after: 1" in answer
    assert b"x-request-id: " in answer
    assert content == {"detail": "shutting down, try again"}
    assert [line["status"] for line in lines if line.get("path") == "/webhook"] == [503]
    assert not any("Exception" in line["event"] for line in lines)


def test_no_text_and_no_number_is_logged_at_debug_either(serve: Serve) -> None:
    with serve(LOG_LEVEL="DEBUG") as server:
        server.deliver("m1", text="CANARY", **{"from": "+15550199"}).raise_for_status()
        server.http.get("/messages?q=CANARY&from=+15550199").raise_for_status()
    output = server.output.read_text()
    assert "/messages" in output
    assert "CANARY" not in output
    assert "15550199" not in output
    assert SECRET not in output


def test_a_database_moved_over_ours_is_answered_503_and_not_ready(
    serve: Serve, tmp_path: Path
) -> None:
    with serve() as server:
        server.deliver("m1").raise_for_status()
        with closing(sqlite3.connect(tmp_path / "other.db")) as other:
            other.execute("CREATE TABLE other (x)")
        (tmp_path / "other.db").rename(tmp_path / "lyftr.db")
        assert {server.deliver(f"n{number}").status_code for number in range(5)} == {503}
        ready = server.http.get("/health/ready")
    assert ready.status_code == 503
    assert ready.json()["checks"]["database"] != "ok"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_closed_standard_streams_reach_no_other_file(tmp_path: Path) -> None:
    """Without them the database would get their number, and the log would go into it."""
    command = " ".join([*LYFTR, "serve", "--port", "0", "<&- >&- 2>&- & echo $!"])
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=tmp_path,
        env=environment(WEBHOOK_SECRET=SECRET),
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    process = int(done.stdout)
    try:
        descriptors = _descriptors_of_a_serving(process)
    finally:
        os.kill(process, signal.SIGKILL)
    assert [descriptors[number] for number in (0, 1, 2)] == ["/dev/null"] * 3


def _descriptors_of_a_serving(process: int) -> dict[int, str]:
    deadline = time.monotonic() + 20
    folder = Path(f"/proc/{process}/fd")
    while time.monotonic() < deadline:
        found = {}
        for entry in folder.iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile
                found[int(entry.name)] = str(entry.readlink())
        if any(name.startswith("socket:") for name in found.values()):
            return found
        time.sleep(0.02)  # polling, up to the deadline
    raise AssertionError("it does not serve")
