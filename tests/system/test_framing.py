"""How messages of HTTP/1 begin and end on a real connection (RFC 9112)."""

import socket
from http import HTTPStatus

from tests.support.server import Serve, signed
from tests.system.test_connections import exchange, parts

_LIVE = b"GET /health/live HTTP/1.1\r\n"
_POST = b"POST /webhook HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
_OLD_POST = b"POST /webhook HTTP/1.0\r\n"
_CHUNKS = b"\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
_CLOSE = b"Connection: close\r\n\r\n"
_REFUSED = [
    # section 3.2: one Host, and a valid one; HTTP/1.0 may go without
    (_LIVE + _CLOSE, HTTPStatus.BAD_REQUEST),
    (_LIVE + b"Host: a\r\nHost: a\r\n" + _CLOSE, HTTPStatus.BAD_REQUEST),
    (_LIVE + b"Host: a\r\nhost: b\r\n" + _CLOSE, HTTPStatus.BAD_REQUEST),
    (b"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", HTTPStatus.BAD_REQUEST),
    *(
        (_LIVE + b"Host: " + host + b"\r\n" + _CLOSE, HTTPStatus.BAD_REQUEST)
        for host in (b"a b", b"a/b", b"a@b", b"a?b", b"a:b", b"[::1", b"a\\b", b"\xff")
    ),
    # section 3.2.2: a target in absolute form has a host of its own, which counts
    *(
        (b"GET http://" + host + b"/messages HTTP/1.1\r\nHost: localhost\r\n" + _CLOSE, status)
        for host, status in (
            (b"evil.example", HTTPStatus.MISDIRECTED_REQUEST),
            (b"localhost.evil.example:80", HTTPStatus.MISDIRECTED_REQUEST),
            (b"localhost@evil.example", HTTPStatus.BAD_REQUEST),
            (b"evil.example@localhost", HTTPStatus.BAD_REQUEST),
        )
    ),
    (b"GET http://localhost/messages HTTP/1.1\r\n" + _CLOSE, HTTPStatus.BAD_REQUEST),
    # sections 6.1 and 6.3: which transfer codings there are, and that chunked is the last
    (_POST + b"Transfer-Encoding: gzip, chunked" + _CHUNKS, HTTPStatus.NOT_IMPLEMENTED),
    (_POST + b"Transfer-Encoding: identity,chunked" + _CHUNKS, HTTPStatus.NOT_IMPLEMENTED),
    (
        _POST + b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked" + _CHUNKS,
        HTTPStatus.NOT_IMPLEMENTED,
    ),
    *(
        (_POST + b"Transfer-Encoding: " + coding + _CHUNKS, HTTPStatus.BAD_REQUEST)
        for coding in (b"gzip", b"chunked, gzip", b"chunked, chunked", b"xchunked", b"")
    ),
    (_OLD_POST + b"Transfer-Encoding: chunked" + _CHUNKS, HTTPStatus.BAD_REQUEST),
    # section 2.3: the version
    (b"GET /health/live\r\n\r\n", HTTPStatus.BAD_REQUEST),
    (b"GET /health/live\r\nHost: a\r\n\r\n", HTTPStatus.BAD_REQUEST),
    (b"GET / HTTP/x.y\r\nHost: a\r\n\r\n", HTTPStatus.BAD_REQUEST),
    (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", HTTPStatus.HTTP_VERSION_NOT_SUPPORTED),
    (b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", HTTPStatus.HTTP_VERSION_NOT_SUPPORTED),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", HTTPStatus.HTTP_VERSION_NOT_SUPPORTED),
]


def test_a_faulty_frame_is_refused_in_json_and_the_connection_closed(serve: Serve) -> None:
    with serve() as server:
        for request, status in _REFUSED:
            answer, content = parts(exchange(server.port, request))
            expected = f"HTTP/1.1 {status.value} {status.phrase}"
            assert answer.startswith(expected.lower().encode()), request
            assert b"connection: close" in answer
            assert set(content) == {"detail"}


def test_what_the_rules_allow_is_answered(serve: Serve) -> None:
    webhook = signed("m1")
    body: bytes = webhook["content"]
    lines = f"X-Signature: {webhook['headers']['X-Signature']} \t\r\n".encode()
    length = f"Content-Length: {len(body)}\r\n\r\n".encode()
    chunks = b"\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    with serve() as server:
        for request in (
            b"GET /health/live HTTP/1.0\r\n\r\n",
            _LIVE + b"Host:\r\n" + _CLOSE,
            _LIVE + b"Host: [::1]:80 \t \r\n" + _CLOSE,
            _OLD_POST + lines + b"Expect: 100-continue\r\n" + length + body,
            _POST + lines + length + body,
            _POST + lines + b"Transfer-Encoding: Chunked" + chunks,
        ):
            answer, content = parts(exchange(server.port, request))
            assert answer.startswith(b"http/1.1 200 "), request  # with no interim 100 before it
            assert content == {"status": "ok"}


def test_the_host_of_a_target_in_absolute_form_counts(serve: Serve) -> None:
    with serve() as server:
        for target, host in (
            (b"http://localhost/stats", b"evil.example"),
            (b"HTTP://LOCALHOST:80/stats?a=b", b""),
            (b"http://[::1]:1/stats", b"evil.example"),
        ):
            request = b"GET " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\n" + _CLOSE
            answer, content = parts(exchange(server.port, request))
            assert answer.startswith(b"http/1.1 200 "), target
            assert content["total_messages"] == 0
        for target in (b"http://localhost", b"http://localhost?q=a"):
            request = b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n" + _CLOSE
            assert exchange(server.port, request).startswith(b"HTTP/1.1 200 ")


def test_a_stream_over_http_1_0_has_no_chunks_and_ends_by_closing(serve: Serve) -> None:
    with serve() as server, socket.socket() as connection:
        connection.settimeout(20)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(b"GET /stream?after=0 HTTP/1.0\r\nHost: localhost\r\n\r\n")
        received = b""
        while b"id: 0\n" not in received:
            received += connection.recv(65536)
        server.deliver("m1")
        while b'"message_id":"m1"' not in received:
            received += connection.recv(65536)
        server.stop()
        received += b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, stream = received.partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head.lower()
    assert b"connection: close" in head.lower()
    assert stream.startswith(b"retry: ")
    assert b"\r\n" not in stream
