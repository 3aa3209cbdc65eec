"""Clients that keep connections busy with requests which never come to their end."""

import asyncio
import contextlib
import threading
import time
from typing import Self

__all__ = ["SlowSenders"]

_HANGS = 120.0
"""How long to wait for what must come, in seconds."""
_PAUSE = 2.0
"""Between two bytes of one connection, in seconds."""
_HEAD = b"POST /webhook HTTP/1.1\r\nHost: x\r\n"
_BEGINNINGS = (_HEAD, _HEAD + b"X-Slow: ", _HEAD + b"Content-Length: 60000\r\n\r\n", b"")


class SlowSenders:
    """So many connections, each sending a byte now and then, and taken up anew when cut off.

    Half of them are within the head, a quarter within the body, and a quarter send nothing at all.

    Args:
        port: The server's, on the loopback address.
        count: How many.

    Attributes:
        connected: How many are connected now.
    """

    def __init__(self, port: int, count: int) -> None:
        self._port = port
        self._count = count
        self._stopping = False
        self.connected = 0
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping = True
        self._thread.join(_HANGS)

    def wait_until_connected(self) -> None:
        """Wait until all of them are connected."""
        deadline = time.monotonic() + _HANGS
        while self.connected < self._count:
            assert time.monotonic() < deadline, f"only {self.connected} are connected"
            time.sleep(0.01)

    async def _run(self) -> None:
        await asyncio.gather(*(self._send_slowly(number) for number in range(self._count)))

    async def _send_slowly(self, number: int) -> None:
        while not self._stopping:
            with contextlib.suppress(OSError):
                await self._send_until_cut_off(_BEGINNINGS[number % len(_BEGINNINGS)])

    async def _send_until_cut_off(self, beginning: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        self.connected += 1
        try:
            writer.write(beginning)
            while not (self._stopping or reader.at_eof()):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_PAUSE):
                        await reader.read(1_000)
                if beginning:
                    writer.write(b"x")
        finally:
            self.connected -= 1
            writer.close()
