"""The writer alone beside the sqlite3 module that runs the same statements in a plain loop.

Both sides run in a process of their own. What the sqlite3 module runs is what the product was
seen to run, statement by statement: bench/recording.py.
"""

import argparse
import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from bench.figures import Amount, Line, at_least, ratios
from bench.machine import SERVER_CORE
from bench.messages import contents
from bench.plan import CONNECTIONS, Findings, Run, say
from bench.recording import Recording
from bench.webhooks import count_stored
from lyftr_core import Message
from lyftr_sqlite import SqliteStore

__all__ = ["measure"]

_PRODUCT, _PLAIN = "writer alone", "sqlite3 module"


def measure(run: Run) -> Findings:
    """Time both in turn, over several rounds."""
    count = run.plan.batches * CONNECTIONS
    rates: dict[str, list[float]] = {_PRODUCT: [], _PLAIN: []}
    for number in range(run.plan.rounds):
        for name, found in rates.items():
            say(f"writer, round {number + 1}: {name}")
            found.append(count / _seconds(run, name, count))
    label = f"messages a second in batches of {CONNECTIONS}: {_PRODUCT} / {_PLAIN}"
    return Findings(
        lines=[Line(label, ratios(rates[_PRODUCT], rates[_PLAIN]), at_least(0.7))],
        amounts=[Amount(f"messages: {name}", "messages/s", found) for name, found in rates.items()],
    )


def _seconds(run: Run, name: str, count: int) -> float:
    folder = run.folder / "writer"
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "bench.writer", name, str(count), str(folder)]
    try:
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    finally:
        for file in folder.iterdir():
            file.unlink()
    return float(done.stdout)


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=[_PRODUCT, _PLAIN])
    parser.add_argument("count", type=int)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    os.sched_setaffinity(0, {SERVER_CORE})
    time_it = _time_product if given.name == _PRODUCT else _time_plain
    sys.stdout.write(str(time_it(given.folder, given.count)))


def _time_product(folder: Path, count: int) -> float:
    messages = _messages(count)
    marks: list[float] = []
    asyncio.run(_add_all(folder / "product.db", messages, lambda: marks.append(perf_counter())))
    _require_stored(folder / "product.db", count)
    return marks[1] - marks[0]


def _time_plain(folder: Path, count: int) -> float:
    plain, recorded = folder / "plain.db", folder / "recorded.db"
    for database in (plain, recorded):
        asyncio.run(_add_all(database, [], lambda: None))
    with Recording() as recording:
        asyncio.run(_add_all(recorded, _messages(count), recording.mark))
    seconds = recording.replay(plain)
    _require_stored(plain, count)
    return seconds


async def _add_all(database: Path, messages: list[Message], mark: Callable[[], None]) -> None:
    """Add messages from 64 producers, each waiting for its commit; mark beginning and end."""
    now = datetime.now(UTC)

    async def produce(own: list[Message], store: SqliteStore) -> None:
        for message in own:
            await store.writer.add(message, received_at=now)

    async with SqliteStore(f"sqlite:///{database}") as store:
        shares = [messages[number::CONNECTIONS] for number in range(CONNECTIONS)]
        mark()
        await asyncio.gather(*(produce(share, store) for share in shares))
        mark()


def _messages(count: int) -> list[Message]:
    now = datetime.now(UTC)
    return [
        Message(
            message_id=content.message_id,
            sender=content.sender,
            recipient=content.recipient,
            ts=now,
            text=content.text,
        )
        for content in contents("writer", count)
    ]


def _require_stored(database: Path, count: int) -> None:
    if (stored := count_stored(database)) != count:
        sys.exit(f"{database.name} holds {stored} messages instead of {count}")


if __name__ == "__main__":
    _main()
