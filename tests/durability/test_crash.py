"""The promise itself: what was acknowledged survives `kill -9`."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from lyftr_sqlite import SqliteStore

# Several callers at once, so that the kill hits group commits; each prints what it was promised.
_ADD_FOR_EVER = """
import asyncio, sys
from datetime import UTC, datetime
from lyftr_core import Message
from lyftr_sqlite import SqliteStore

NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)

async def add(store, caller):
    for number in range(10**9):
        message = Message(message_id=f"{caller}-{number}", sender="+919876543210",
                          recipient="+14155550100", ts=NOW, text="x" * 1000)
        await store.writer.add(message, received_at=NOW)
        print(message.message_id, flush=True)

async def main():
    async with SqliteStore(sys.argv[1]) as store:
        await asyncio.gather(*(add(store, caller) for caller in range(8)))

asyncio.run(main())
"""


@pytest.mark.parametrize("promises", [1, 40, 400])
async def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, promises: int) -> None:
    """The child runs freely: where in its commits the kill hits is another place each time."""
    file = tmp_path / "inbox.db"
    printed = add_until_killed(f"sqlite:///{file}", promises)
    assert len(printed) >= promises
    with closing(sqlite3.connect(file)) as connection:
        stored = [row[0] for row in connection.execute("SELECT message_id FROM messages")]
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert set(printed) <= set(stored)
    assert len(stored) == len(set(stored))
    async with SqliteStore(f"sqlite:///{file}") as store:
        assert (await store.reader.stats()).total_messages == len(stored)


def add_until_killed(url: str, promises: int) -> list[str]:
    """Kill a child that adds, once it has printed so many identifiers; return all it printed."""
    command = [sys.executable, "-c", _ADD_FOR_EVER, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        printed = [child.stdout.readline() for _ in range(promises)]
        child.kill()
        rest = child.stdout.read()
    # A line without its end was cut off by the kill.
    return [line.strip() for line in [*printed, *rest.splitlines(keepends=True)] if "\n" in line]
