"""Whatever comes over a real socket, the server answers below 500 or closes, and goes on."""

import re
import socket
from collections.abc import Iterable
from contextlib import suppress

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.server import PATIENCE, LyftrServer, Serve, signed

# The same examples each time, so that a change is refused for what it does, not by chance.
_settings = hypothesis.settings(deadline=None, derandomize=True, max_examples=150)

_STATUS = re.compile(rb"^HTTP/1\.1 (\d{3}) ", re.MULTILINE)
_ANY = st.binary(max_size=60)
_TOKENS = st.from_regex(rb"\A[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}\Z")
# How long a body is and whether it ends is another test's matter.
_FRAMING = {b"content-length", b"transfer-encoding", b"connection", b"upgrade", b"expect"}
_METHODS = st.sampled_from([b"GET", b"POST", b"HEAD", b"PUT", b"OPTIONS", b"PRI", b"CONNECT"])
_PATHS = st.sampled_from(
    [b"/", b"/webhook", b"/messages", b"/messages/", b"/stats", b"/metrics", b"/health/ready", b"*"]
)
_HEADERS = st.lists(
    st.tuples(
        st.sampled_from([b"X-Signature", b"X-Request-ID", b"Host", b"Accept", b"Authorization"])
        | _TOKENS.filter(lambda name: name.lower() not in _FRAMING),
        _ANY.map(lambda value: re.sub(rb"[\r\n]", b"", value)),
    ),
    max_size=5,
)
_PIECES = st.sampled_from(
    [
        *(
            b"GET ",
            b"POST ",
            b"/webhook",
            b"/messages",
            b" HTTP/1.1\r\n",
            b" HTTP/1.0\r\n",
            b"\r\n",
        ),
        *(b"Host: x\r\n", b"Content-Length: 2\r\n", b"Content-Length: -1\r\n", b"\r\n\r\n", b"{}"),
        *(b"Content-Length: 99999999999999999999\r\n", b"Transfer-Encoding: chunked\r\n", b"\0"),
        *(
            b"0\r\n\r\n",
            b"2\r\n{}\r\n",
            b"ffffffffffffffffff\r\n",
            b"-1\r\n",
            b"Connection: close\r\n",
        ),
        *(
            b"Expect: 100-continue\r\n",
            b"Upgrade: h2c\r\n",
            b"X-Signature: ",
            b"\xff" * 9,
            b": \r\n",
        ),
        *(b" folded: a\r\n", b"a" * 9_000, b"X: y\r\n" * 200, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ]
)


_NOT_OURS = {501, 505}
"""Transfer codings and versions of HTTP that the server does not have."""
CUT_OFF = 0
"""In place of a status, where the server reset the connection, which may lose its answer."""


def exchange(server: LyftrServer, packets: Iterable[bytes], *, is_all: bool = False) -> list[int]:
    """Return the statuses of the answers that come until the server closes the connection."""
    received = b""
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for packet in packets:
                connection.sendall(packet)
            if is_all:
                with suppress(OSError):  # it may be closed by now
                    connection.shutdown(socket.SHUT_WR)
            while packet := connection.recv(65_536):
                received += packet
        except ConnectionError:
            return [*statuses_in(received), CUT_OFF]
    return statuses_in(received)


def statuses_in(received: bytes) -> list[int]:
    return [int(status) for status in _STATUS.findall(received)]


def require_health(server: LyftrServer) -> None:
    """A good webhook gets its 200, and nothing in the log is an error of the server's."""
    assert server.deliver("a good one").status_code == 200
    assert server.process.poll() is None
    assert server.stop() == 0
    lines = server.lines()
    assert [
        line for line in lines if line.get("status", 0) >= 500 and line["status"] not in _NOT_OURS
    ] == []
    assert [line for line in lines if line["level"] in {"error", "critical"}] == []


def test_any_bytes_are_answered_below_500_or_cut_off(serve: Serve) -> None:
    @_settings
    @given(st.lists(_PIECES | _ANY, max_size=12))
    def attack(pieces: list[bytes]) -> None:
        statuses = exchange(server, pieces, is_all=True)
        assert all(status < 500 or status in _NOT_OURS for status in statuses)

    with serve() as server:
        attack()
        require_health(server)


def test_any_request_is_answered_below_500(serve: Serve) -> None:
    @_settings
    @given(
        method=_METHODS | _TOKENS,
        target=st.builds(lambda path, rest: path + rest, _PATHS, st.just(b"") | _ANY),
        headers=_HEADERS,
        body=_ANY,
        packet=st.integers(1, 200),
    )
    def attack(
        method: bytes, target: bytes, headers: list[tuple[bytes, bytes]], body: bytes, packet: int
    ) -> None:
        lines = [b"%s: %s\r\n" % header for header in headers]
        length = b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body)
        sent = b"%s %s HTTP/1.1\r\nHost: localhost\r\n%s%s%s" % (
            method,
            target,
            b"".join(lines),
            length,
            body,
        )
        statuses = exchange(server, cut(sent, packet))
        assert statuses, "no answer"
        assert all(status < 500 or status in _NOT_OURS for status in statuses)

    with serve() as server:
        attack()
        require_health(server)


@pytest.mark.parametrize("is_taken", [True, False])
def test_any_chunks_in_any_packets_are_the_same_webhook(serve: Serve, *, is_taken: bool) -> None:
    webhook = signed("chunked", text="é" * 200)
    signature = webhook["headers"]["X-Signature"] if is_taken else "0" * 64
    head = (
        "POST /webhook HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
        f"Connection: close\r\nX-Signature: {signature}\r\n\r\n"
    ).encode()

    @_settings
    @given(
        sizes=st.lists(st.integers(1, 300), min_size=1, max_size=20),
        form=st.sampled_from(["{:x}", "{:X}", "0{:x}", "{:x};name=value"]),
        packet=st.integers(1, 100) | st.just(10_000),
    )
    def send(sizes: list[int], form: str, packet: int) -> None:
        chunks = divide(webhook["content"], sizes)
        framed = [form.format(len(c)).encode() + b"\r\n" + c + b"\r\n" for c in chunks]
        sent = head + b"".join(framed) + b"0\r\n\r\n"
        assert exchange(server, cut(sent, packet)) == [200 if is_taken else 401]

    with serve() as server:
        send()
        assert server.http.get("/stats").json()["total_messages"] == is_taken
        require_health(server)


def cut(sent: bytes, packet: int) -> list[bytes]:
    return [sent[place : place + packet] for place in range(0, len(sent), packet)]


def divide(content: bytes, sizes: list[int]) -> list[bytes]:
    chunks = []
    for size in sizes:
        chunks.append(content[:size])
        content = content[size:]
    return [chunk for chunk in [*chunks, content] if chunk]
