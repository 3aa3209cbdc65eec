"""Senders that deliver webhooks as fast as they are answered, and remember what was answered.

Each sends one message until it is acknowledged, as a good sender does: after a refusal, and on a
new connection where the server or a worker died. What a message says follows from its identifier,
so that `fields_of` tells what must be stored under it.
"""

import asyncio
import contextlib
import itertools
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple, Self

import msgspec

from lyftr_core import HexHmacSha256

__all__ = ["Answer", "Load", "fields_of"]

_HANGS = 120.0
"""How long to wait for what must come, in seconds."""
_PAUSE = 0.02
"""After a refusal or a connection that was lost, in seconds: it shall not spin."""


class Answer(NamedTuple):
    """What a webhook was answered: its status, and the value of `Retry-After` if it has one."""

    status: int
    retry_after: str | None


def fields_of(message_id: str) -> dict[str, str]:
    """Return the webhook that a load sends under an identifier."""
    number = zlib.crc32(message_id.encode())
    return {
        "message_id": message_id,
        "from": f"+1{number % 1_000:010}",
        "to": f"+2{number % 10:010}",
        "ts": f"2026-01-15T09:{number % 60:02}:35Z",
        "text": f"{message_id} says {number} " + "é" * (number % 200),
    }


class Load:
    """Some senders in a thread of their own, from entering until leaving.

    Args:
        port: The server's, on the loopback address.
        secret: What to sign with.
        name: Begins every identifier; another one for each load.
        senders: So many connections at once.
        limit: At most so many messages.
        first: Identifiers that are sent before new ones, as those that a former load left.
        reuse: How many requests a connection carries until another takes its place: where there
            are several workers, so that each of them gets some.

    Attributes:
        acknowledged: For each message that was answered 2xx the moment when the answer was read,
            by `time.monotonic`.
        answers: How often each answer came.
        unanswered: Identifiers, once for each request that was sent whole and whose connection
            ended without an answer.
        connected: How many connections were made.
        seconds: How long each answer took, in the order in which they came.
    """

    def __init__(
        self,
        port: int,
        secret: str,
        name: str,
        *,
        senders: int = 16,
        limit: int = 1_000_000,
        first: Iterable[str] = (),
        reuse: int = 1_000_000,
    ) -> None:
        self.port = port
        self.acknowledged: dict[str, float] = {}
        self.answers: Counter[Answer] = Counter()
        self.unanswered: list[str] = []
        self.connected = 0
        self.seconds: list[float] = []
        self._scheme = HexHmacSha256(secret)
        new = (f"{name}-{number}" for number in range(limit))
        self._message_ids = itertools.chain(tuple(first), new)
        self._pending: set[str] = set()
        self._senders = senders
        self._reuse = reuse
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pending(self) -> set[str]:
        """The messages that have been begun and are not acknowledged."""
        return set(self._pending)

    def wait_for(self, more: int) -> None:
        """Wait until so many more messages are acknowledged than are now."""
        goal = len(self.acknowledged) + more
        self.wait_until(lambda: len(self.acknowledged) >= goal or not self._thread.is_alive())
        assert len(self.acknowledged) >= goal, "the load came to its end"

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds, which may look at what was answered."""
        deadline = time.monotonic() + _HANGS
        while not condition():
            assert time.monotonic() < deadline, f"never came; so far {self.answers}"
            time.sleep(0.001)

    def join(self) -> None:
        """Wait until every message is acknowledged."""
        self._thread.join(_HANGS)
        assert not self._thread.is_alive(), f"{len(self._pending)} messages wait for their answer"

    def stop(self) -> None:
        """Send nothing more, and wait for the answers that are due. A second call does nothing."""
        if self._thread.is_alive():
            self.wait_until(lambda: self._loop is not None or not self._thread.is_alive())
        if self._loop:
            with contextlib.suppress(RuntimeError):  # it has come to its end just now
                self._loop.call_soon_threadsafe(self._stopping.set)
        self.join()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        await asyncio.gather(*(self._send_all() for _ in range(self._senders)))

    async def _send_all(self) -> None:
        connection: _Connection | None = None
        for message_id in self._message_ids:
            if self._stopping.is_set():
                break
            self._pending.add(message_id)
            request = _request(self._scheme, message_id)
            while message_id in self._pending and not self._stopping.is_set():
                connection = await self._send(connection, message_id, request)
        if connection:
            connection.close()

    async def _send(
        self, connection: "_Connection | None", message_id: str, request: bytes
    ) -> "_Connection | None":
        """Send once, note the answer, and return the connection if it can be used again."""
        try:
            if connection is None or connection.exchanges >= self._reuse:
                connection = await self._connect(instead_of=connection)
            began = time.perf_counter()
            answer = await connection.exchange(request)
        except _NoAnswer:
            self.unanswered.append(message_id)
        except OSError:
            pass
        else:
            self.seconds.append(time.perf_counter() - began)
            self.answers[answer] += 1
            if answer.status // 100 == 2:
                self.acknowledged[message_id] = time.monotonic()
                self._pending.remove(message_id)
                return connection
        await asyncio.sleep(_PAUSE)
        return connection if connection and connection.is_open else None

    async def _connect(self, instead_of: "_Connection | None") -> "_Connection":
        if instead_of:
            instead_of.close()
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(_Connection, "127.0.0.1", self.port)
        self.connected += 1
        return connection


class _NoAnswer(ConnectionError):
    """The connection ended before the answer was whole."""


class _Connection(asyncio.Protocol):
    """One keep-alive connection with one request at a time."""

    def __init__(self) -> None:
        self._received = b""
        self._answer: asyncio.Future[Answer] | None = None
        self._transport: asyncio.Transport
        self.is_open = True
        self.exchanges = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if end and len(body) >= int(_header(head, b"content-length") or 0):
            assert self._answer, "an answer that nobody asked for"
            retry_after = _header(head, b"retry-after")
            answer = Answer(int(head[9:12]), retry_after.decode() if retry_after else None)
            self._received = b""
            self._answer.set_result(answer)
            if _header(head, b"connection") == b"close":
                self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        if self._answer and not self._answer.done():
            self._answer.set_exception(_NoAnswer())

    async def exchange(self, request: bytes) -> Answer:
        """Send a request, and return its answer.

        Raises:
            ConnectionError: There was none, or the connection had ended before.
        """
        if not self.is_open:
            raise ConnectionResetError
        self.exchanges += 1
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        self.is_open = False
        self._transport.close()


def _header(head: bytes, name: bytes) -> bytes | None:
    _, found, rest = head.lower().partition(b"\r\n" + name + b": ")
    return rest.partition(b"\r\n")[0] if found else None


def _request(scheme: HexHmacSha256, message_id: str) -> bytes:
    """Return a whole request; its identifier comes back in `X-Request-ID`."""
    body = msgspec.json.encode(fields_of(message_id))
    head = (
        f"POST /webhook HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: {message_id}\r\n"
        f"X-Signature: {scheme.sign(body)}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
