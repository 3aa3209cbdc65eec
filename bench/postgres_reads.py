"""Reads on PostgreSQL: the time at a million messages beside the time at ten thousand."""

import time
from contextlib import ExitStack
from functools import partial

from bench.client import Client
from bench.figures import Amount, Line, ratios
from bench.plan import SIZES_LABEL, Findings, Run, say
from bench.postgres import BOTH_CORES, started
from bench.postgres_dataset import count_folded, fill
from bench.read_kinds import Asker, Kind
from bench.reads import Ask, Key, Times, interleave
from bench.servers import OURS, Server
from tests.support.postgresql.server import PostgresServer

__all__ = ["measure"]

_PATIENCE = 300.0
_POLL_INTERVAL = 0.2
_OFFSET = "offset in the middle"


def measure(run: Run) -> Findings:
    """Ask two servers for the same kinds of reads in turn, over several rounds."""
    times: Times = {}
    with ExitStack() as resources:
        postgres = resources.enter_context(started(run))
        if postgres is None:
            return Findings()
        asks: dict[Key, Ask] = {}
        for size in (run.plan.few, run.plan.many):
            asks |= _prepare(size, run, postgres, resources)
        for number in range(run.plan.rounds):
            say(f"reads on PostgreSQL, round {number + 1}")
            for key, seconds in interleave(asks, run.plan.reads):
                times.setdefault(key, []).append(seconds)
    return _compare(run, times)


def _prepare(size: int, run: Run, postgres: PostgresServer, resources: ExitStack) -> dict[Key, Ask]:
    """Start a server on a database of that size; return what asks it once all is counted."""
    say(f"making a database of {size} messages in PostgreSQL")
    url = postgres.tcp_url(postgres.create_database())
    fill(url, size)
    log = run.folder / f"postgres-reads-{size}.db"
    server = resources.enter_context(Server(OURS, log, run.folder, url=url, cores=BOTH_CORES))
    _wait_until_counted(url, size)
    client = resources.enter_context(Client(server.port))
    asker = Asker(client, size)
    asks: dict[Key, Ask] = {(kind, size): partial(asker.ask, kind) for kind in Kind}
    asks[_OFFSET, size] = lambda: client.get(f"/messages?offset={size // 2}").seconds
    return asks


def _wait_until_counted(url: str, size: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while (counted := count_folded(url)) != size:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{counted} of {size} messages are counted")
        time.sleep(_POLL_INTERVAL)


def _compare(run: Run, times: Times) -> Findings:
    few, many = run.plan.few, run.plan.many
    kinds = dict.fromkeys(name for name, _ in times)
    lines = [
        Line(
            f"PostgreSQL, {kind}{SIZES_LABEL}{many:,} messages / at {few:,}",
            ratios(times[kind, many], times[kind, few]),
        )
        for kind in kinds
    ]
    amounts = [
        Amount(f"PostgreSQL, {name} at {size:,} messages", "ms", [1000 * took for took in values])
        for (name, size), values in times.items()
    ]
    return Findings(lines=lines, amounts=amounts)
