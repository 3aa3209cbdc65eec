"""A real server whose disk does not keep up: 503 at once for what does not fit, and no memory."""

import asyncio
import re
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest

from tests.support.server import PATIENCE, LyftrServer, Serve, signed

QUEUE = 40
CLIENTS = 150
# What the server would hold of 10,000 connections this one holds of a few.
SHORT_QUEUE = f"""
from lyftr_cli.__main__ import main
from lyftr_sqlite.writer import SqliteMessageWriter

SqliteMessageWriter.__init__.__kwdefaults__["max_waiting"] = {QUEUE}
main()
"""


@pytest.fixture
def short_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the servers of this test have a short queue."""
    conftest = sys.modules[LyftrServer.__module__]
    monkeypatch.setattr(conftest, "LYFTR", [sys.executable, "-c", SHORT_QUEUE])


class Client:
    """One connection, on which one webhook after another is sent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def post(self, number: int) -> tuple[int, bytes]:
        """Send a large webhook, and return the status and the head of its answer."""
        webhook = signed(f"m{number}", text="é" * 4_000)
        content, signature = webhook["content"], webhook["headers"]["X-Signature"]
        head = f"X-Signature: {signature}\r\nContent-Length: {len(content)}\r\n\r\n"
        self._writer.write(b"POST /webhook HTTP/1.1\r\nHost: x\r\n" + head.encode() + content)
        answer = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = re.search(rb"content-length: (\d+)", answer)
        assert length
        await self._reader.readexactly(int(length[1]))
        return int(answer.split()[1]), answer

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


def memory_of(process: int) -> int:
    """Return the highest resident size that a process has had, in bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    assert found
    return int(found[1]) * 1_024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
async def test_what_does_not_fit_is_503_at_once_and_costs_no_memory(
    serve: Serve, short_queue: None, tmp_path: Path
) -> None:
    with serve() as server, closing(sqlite3.connect(tmp_path / "lyftr.db")) as other:
        clients = [
            Client(*await asyncio.open_connection("127.0.0.1", server.port)) for _ in range(CLIENTS)
        ]
        assert (await clients[0].post(0))[0] == 200
        other.execute("BEGIN IMMEDIATE")  # from now on nothing is committed
        offers = [asyncio.create_task(client.post(1 + n)) for n, client in enumerate(clients)]
        # What is under way had its turn in the queue, and the queue is full once more.
        first = islice(asyncio.as_completed(offers, timeout=PATIENCE), CLIENTS - 2 * QUEUE)
        refused = [await answer for answer in first]
        assert {status for status, _ in refused} == {503}
        assert all(b"retry-after: 1\r\n" in head for _, head in refused)
        other.execute("ROLLBACK")
        await asyncio.gather(*offers)
        before = memory_of(server.process.pid)
        taken = await offer(clients, range(1_000, 2_000))
        assert memory_of(server.process.pid) - before < 16_000_000  # of 24 MB that came
        assert (await clients[0].post(5_000))[0] == 200
        for client in clients:
            await client.close()
        found = {name for (name,) in other.execute("SELECT message_id FROM messages")}
        assert {f"m{number}" for number in taken} <= found
        assert server.stop() == 0
        # Not for a lock that was held too long: for a queue that was full.
        log = server.output.read_text()
        assert log.count("too many messages wait to be committed") >= len(refused)


async def offer(clients: Sequence[Client], numbers: range) -> set[int]:
    """Offer messages over all connections at once, and return those that were taken."""
    taken: set[int] = set()
    waiting = iter(numbers)

    async def send(client: Client) -> None:
        for number in waiting:
            status, _ = await client.post(number)
            assert status in {200, 503}
            if status == 200:
                taken.add(number)

    await asyncio.gather(*map(send, clients))
    return taken
