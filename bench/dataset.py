"""A database with many messages, filled through the product's own writer."""

import argparse
import asyncio
import hashlib
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from bench.messages import contents
from bench.plan import say
from lyftr_core import Message
from lyftr_sqlite import SqliteStore

__all__ = ["LAST_TS", "MIDDLE", "dataset", "fill", "messages", "moment"]

LAST_TS = datetime(2026, 10, 1, tzinfo=UTC)
INTERVAL = timedelta(hours=1) / 1_000
MIDDLE = 0.5
_VERSION = 1
"""Raise it when other messages are made, so that no old database is used."""
_AT_ONCE = 5_000
"""How many messages wait for their commit at the same time."""


def dataset(count: int, cache: Path) -> Path:
    """Return the database with so many messages; make it if it is not in the cache.

    Args:
        count: How many messages.
        cache: A folder. What is in it was made by the same schema, projections included, or is
            not used.
    """
    path = cache / f"messages-{count}-{_schema_digest()}.db"
    if not path.exists():
        say(f"making a database of {count} messages")
        unfinished = path.with_suffix(".unfinished")
        for leftover in cache.glob(f"{unfinished.name}*"):
            leftover.unlink()
        subprocess.run(
            [sys.executable, "-m", "bench.dataset", str(count), str(unfinished)], check=True
        )
        unfinished.rename(path)
    return path


def messages(count: int) -> Iterator[Message]:
    """Make the messages of a database; the same count gives the same messages."""
    for index, content in enumerate(contents(f"dataset-{count}", count)):
        yield Message(
            message_id=content.message_id,
            sender=content.sender,
            recipient=content.recipient,
            ts=moment(index, count),
            text=content.text,
        )


def moment(index: int, count: int) -> datetime:
    """Return the `ts` of a message; there are 1,000 an hour, and the last one is at `LAST_TS`."""
    return LAST_TS - INTERVAL * (count - 1 - index)


async def fill(path: Path, count: int) -> None:
    """Add the messages to a database through the product's writer."""
    remaining = messages(count)
    async with SqliteStore(f"sqlite:///{path}") as store:
        while batch := list(islice(remaining, _AT_ONCE)):
            await asyncio.gather(
                *(store.writer.add(message, received_at=message.ts) for message in batch)
            )


def _schema_digest() -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "empty.db")
        asyncio.run(fill(path, 0))
        with closing(sqlite3.connect(path)) as database:
            schema = database.execute("SELECT name, sql FROM sqlite_master ORDER BY name")
            described = repr((_VERSION, schema.fetchall()))
    return hashlib.sha256(described.encode()).hexdigest()[:12]


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("count", type=int)
    parser.add_argument("path", type=Path)
    arguments = parser.parse_args()
    os.sched_setaffinity(0, range(os.cpu_count() or 1))  # nothing is measured now
    asyncio.run(fill(arguments.path, arguments.count))


if __name__ == "__main__":
    _main()
