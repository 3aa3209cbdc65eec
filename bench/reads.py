"""Reads: the time at a million messages beside the time at ten thousand, and beside scans."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from functools import partial
from statistics import median

from bench.client import Client
from bench.dataset import dataset
from bench.figures import Amount, Goal, Line, at_most, ratios
from bench.messages import COMMON, RARE
from bench.plan import SIZES_LABEL, Findings, Run, say
from bench.read_kinds import Asker, Kind
from bench.servers import OURS, Server

__all__ = ["Ask", "Key", "Times", "interleave", "measure"]

_SETTLING = 2.0
"""How long the servers are left alone after their start, in seconds."""
_BETWEEN_SIZES: Mapping[Kind, Goal] = {
    **dict.fromkeys((Kind.FIRST, Kind.BY_SENDER, Kind.SINCE, Kind.ONE, Kind.STATS), at_most(1.5)),
    Kind.RARE: at_most(10),
}
_SCAN = "table scan by the sqlite3 module"
_PASS = "one counting pass by the sqlite3 module"
_SCANS: Mapping[str, tuple[str, str]] = {
    _SCAN: ("SELECT * FROM messages WHERE instr(lower(text), ?) > 0", RARE),
    _PASS: ("SELECT count(*) FROM messages WHERE instr(lower(text), ?) > 0", COMMON),
}
_AT_THE_LARGE_SIZE: Mapping[tuple[str, str], Goal | None] = {
    (Kind.CURSOR, Kind.FIRST): at_most(1.5),
    (Kind.RARE, _SCAN): at_most(0.05),
    # Both give the same page; the two letters can only be looked for in the order of ts.
    (Kind.COMMON_UNCOUNTED, Kind.COMMON_SCANNED): at_most(1.1),
    (Kind.COMMON_UNCOUNTED, Kind.FIRST_UNCOUNTED): None,
    (Kind.COMMON, _PASS): at_most(1),
}

Ask = Callable[[], float]
Key = tuple[str, int]
"""What is timed, and how many messages it is timed with."""
Times = dict[Key, list[float]]
"""The median of each round, in seconds."""


def measure(run: Run) -> Findings:
    """Ask two servers for the same kinds of reads in turn, over several rounds."""
    times: Times = {}
    with ExitStack() as open_until_the_end:
        asks, scans = _prepare(run, open_until_the_end)
        for number in range(run.plan.rounds):
            say(f"reads, round {number + 1}")
            for key, seconds in interleave(asks, run.plan.reads):
                times.setdefault(key, []).append(seconds)
            for key, seconds in interleave(scans, run.plan.scans):
                times.setdefault(key, []).append(seconds)
    return _compare(run, times)


def _prepare(run: Run, resources: ExitStack) -> tuple[dict[Key, Ask], dict[Key, Ask]]:
    """Start the servers; return what asks them, and what scans the larger database."""
    enter = resources.enter_context
    asks: dict[Key, Ask] = {}
    for size in (run.plan.few, run.plan.many):
        server = enter(Server(OURS, dataset(size, run.cache), run.folder))
        time.sleep(_SETTLING)
        asker = Asker(enter(Client(server.port)), size)
        asks |= {(kind, size): partial(asker.ask, kind) for kind in Kind}
    connection = enter(closing(sqlite3.connect(dataset(run.plan.many, run.cache))))
    scans: dict[Key, Ask] = {
        (name, run.plan.many): partial(_scan, connection, *scan) for name, scan in _SCANS.items()
    }
    return asks, scans


def _scan(connection: sqlite3.Connection, statement: str, word: str) -> float:
    started = time.perf_counter()
    connection.execute(statement, (word,)).fetchall()
    return time.perf_counter() - started


def interleave(asks: Mapping[Key, Ask], times: int) -> Iterator[tuple[Key, float]]:
    """Ask everything once, then everything again, so often; yield the median of each."""
    taken = [[ask() for ask in asks.values()] for _ in range(times)]
    for key, seconds in zip(asks, zip(*taken, strict=True), strict=True):
        yield key, median(seconds)


def _compare(run: Run, times: Times) -> Findings:
    few, many = run.plan.few, run.plan.many
    lines = [
        Line(
            f"{kind}{SIZES_LABEL}{many:,} messages / at {few:,}",
            ratios(times[kind, many], times[kind, few]),
            goal,
        )
        for kind, goal in _BETWEEN_SIZES.items()
    ]
    lines += [
        Line(f"at {many:,}: {one} / {other}", ratios(times[one, many], times[other, many]), goal)
        for (one, other), goal in _AT_THE_LARGE_SIZE.items()
    ]
    amounts = [
        Amount(f"{name} at {size:,} messages", "ms", [1000 * value for value in values])
        for (name, size), values in times.items()
    ]
    return Findings(lines=lines, amounts=amounts)
