"""A receiver on this machine that answers as it is told, and remembers what it was sent."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

__all__ = ["Request", "ScriptedReceiver", "scripted_receiver"]

Reply = tuple[int, dict[str, str]]


class Request(NamedTuple):
    """One request: when it came, on which connection, and what it held."""

    at: float
    port: int
    headers: Message
    body: bytes


class ScriptedReceiver(ThreadingHTTPServer):
    """Answers with what a function returns for a body and how often it has come before."""

    daemon_threads = True

    def __init__(self, reply: Callable[[bytes, int], Reply]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.reply = reply
        self.requests: list[Request] = []
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?a=b"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that has gone away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ScriptedReceiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            before = sum(request.body == body for request in self.server.requests)
            self.server.requests.append(
                Request(time.monotonic(), self.client_address[1], self.headers, body)
            )
        status, headers = self.server.reply(body, before)
        if status == 0:  # hang up without an answer
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in {"Content-Length": "0", **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep the output of the tests free of it."""


@contextmanager
def scripted_receiver(reply: Callable[[bytes, int], Reply]) -> Iterator[ScriptedReceiver]:
    """Serve until the end of the block."""
    with ScriptedReceiver(reply) as receiver:
        thread = threading.Thread(target=receiver.serve_forever)
        thread.start()
        try:
            yield receiver
        finally:
            receiver.shutdown()
            thread.join()
