"""Clients of the event stream that come again with their last id whenever it ends."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple, Self

import msgspec

__all__ = ["Listeners", "Received"]

_HANGS = 180.0
"""How long to wait for what must come, in seconds."""
_PAUSE = 0.05
"""Before a client comes again, in seconds."""


class Received(NamedTuple):
    """An event, as it was dispatched."""

    seq: int
    message_id: str


class Listeners:
    """Some clients in a thread of their own, from entering until leaving.

    Args:
        port: The server's, on the loopback address.
        queries: One for each client, such as `q=word`.
        last_event_id: Behind which all of them begin.

    Attributes:
        received: For each client what came, in order.
        connected: How often each has been answered.
        clean: How many streams came to their proper end.
    """

    def __init__(self, port: int, queries: Sequence[str], last_event_id: int = 0) -> None:
        self.port = port
        self.received: list[list[Received]] = [[] for _ in queries]
        self.connected = [0 for _ in queries]
        self.clean = 0
        self._queries = queries
        self._begin = last_event_id
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.wait_until(lambda: all(self.connected))
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(_HANGS)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds."""
        deadline = time.monotonic() + _HANGS
        while not condition():
            assert time.monotonic() < deadline, f"never came; so far {self.counts()}"
            time.sleep(0.02)

    def counts(self) -> set[int]:
        """Return how many events the clients have, each number once."""
        return set(map(len, self.received))

    async def _run(self) -> None:
        clients = [asyncio.create_task(self._listen(n)) for n in range(len(self._queries))]
        await asyncio.to_thread(self._stopping.wait)
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)

    async def _listen(self, number: int) -> None:
        last = self._begin
        while True:
            with suppress(OSError, EOFError):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**20)
                try:
                    last = await self._take(number, last, reader, writer)
                finally:
                    writer.close()
            last = max([last, *(event.seq for event in self.received[number][-1:])])
            await asyncio.sleep(_PAUSE)

    async def _take(
        self, number: int, last: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> int:
        """Take one stream to its end, and return the last id."""
        head = f"GET /stream?{self._queries[number]} HTTP/1.1\r\nHost: localhost\r\n"
        writer.write(f"{head}Last-Event-ID: {last}\r\n\r\n".encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 200 "):
            return last
        self.connected[number] += 1
        rest = b""
        while size := int(await reader.readuntil(b"\r\n"), 16):
            piece = await reader.readexactly(size + 2)
            *blocks, rest = (rest + piece[:-2]).split(b"\n\n")
            for block in blocks:
                last = self._dispatch(number, block, last)
        self.clean += 1
        return last

    def _dispatch(self, number: int, block: bytes, last: int) -> int:
        fields = dict(line.split(b": ", 1) for line in block.split(b"\n") if line[:1] != b":")
        seq = int(fields.get(b"id", last))
        if b"data" in fields:
            item = msgspec.json.decode(fields[b"data"])
            assert item["seq"] == seq
            self.received[number].append(Received(seq, item["message_id"]))
        return seq
