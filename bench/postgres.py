"""`POST /webhook` on PostgreSQL: one server, two, SQLite beside them, and a baseline on asyncpg.

Here the servers, PostgreSQL and the load may all run on both cores: two servers on one core would
only show that they share it.
"""

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from bench.figures import Amount, Line, ratios
from bench.load import Load, join, send
from bench.machine import LOAD_CORE, SERVER_CORE
from bench.plan import CONNECTIONS, Findings, Run, say
from bench.request_file import write_requests
from bench.servers import BASELINE_POSTGRES, OURS, Server, Target
from bench.webhooks import Round, count_stored, summarise
from tests.support.postgresql.installation import PostgresqlMissing, find_installation
from tests.support.postgresql.server import PostgresServer

__all__ = ["BOTH_CORES", "measure", "started"]

BOTH_CORES = frozenset({SERVER_CORE, LOAD_CORE})


class _Case(msgspec.Struct, frozen=True):
    """One way to take the webhooks.

    Attributes:
        name: As the table has it.
        target: What is started.
        servers: How many of it; the webhooks are spread evenly.
        on_postgres: Whether on PostgreSQL; else on SQLite.
        senders: From how many senders; by default some send more than others.
    """

    name: str
    target: Target = OURS
    servers: int = 1
    on_postgres: bool = True
    senders: int | None = None


_ONE = _Case("PostgreSQL, one server")
_TWO = _Case("PostgreSQL, two servers", servers=2)
_SQLITE = _Case("SQLite, one server", on_postgres=False)
_BASELINE = _Case("FastAPI baseline on asyncpg", target=BASELINE_POSTGRES)
_BUSY = _Case("PostgreSQL, two servers, one sender", servers=2, senders=1)
_MANY = _Case("PostgreSQL, two servers, 10,000 senders", servers=2, senders=10_000)
_CASES = (_ONE, _TWO, _SQLITE, _BASELINE, _BUSY, _MANY)
_COMPARED = ((_ONE, _SQLITE), (_TWO, _ONE), (_ONE, _BASELINE), (_TWO, _BASELINE), (_BUSY, _MANY))


@contextmanager
def started(run: Run) -> Iterator[PostgresServer | None]:
    """Give a durable PostgreSQL of the benchmark's own, or say why there is none."""
    try:
        installation = find_installation()
    except PostgresqlMissing as missing:
        say(f"skipped, no PostgreSQL: {missing}")
        yield None
        return
    run.folder.chmod(0o711)  # where this is root, PostgreSQL runs as somebody else
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, BOTH_CORES)  # what is started inherits it
    try:
        with PostgresServer(installation, durable=True, within=run.folder) as postgres:
            _require_durable(postgres)
            say(installation.version)
            yield postgres
    finally:
        os.sched_setaffinity(0, before)


def measure(run: Run) -> Findings:
    """Send the same webhooks in each case in turn, over several rounds."""
    rounds: dict[str, list[Round]] = {case.name: [] for case in _CASES}
    findings = Findings()
    with started(run) as postgres:
        if postgres is None:
            return findings
        for number in range(run.plan.rounds):
            first = number % len(_CASES)
            for case in _CASES[first:] + _CASES[:first]:
                say(f"postgres, round {number + 1}: {case.name}")
                this = _measure_case(case, number, run, postgres)
                rounds[case.name].append(this)
                findings.problems += [f"{case.name}: {problem}" for problem in this.problems]
    findings.extend(_compare(rounds))
    return findings


def _measure_case(case: _Case, number: int, run: Run, postgres: PostgresServer) -> Round:
    """Take the webhooks on a database of their own, and count what is stored."""
    fast = case.target is OURS
    count = run.plan.webhooks if fast else run.plan.webhooks_baseline
    file = run.folder / f"postgres-{number}-{_CASES.index(case)}.db"
    with ExitStack() as stack:
        name = stack.enter_context(postgres.database()) if case.on_postgres else None
        url = postgres.tcp_url(name) if name else None
        servers = [
            Server(
                case.target,
                file.with_stem(f"{file.stem}-{n}"),
                run.folder,
                url=url,
                cores=BOTH_CORES,
            )
            for n in range(case.servers)
        ]
        with ExitStack() as running:
            for server in servers:
                running.enter_context(server)
            warm = _send_to_all(servers, run, case, f"warm-up-{number}", run.plan.warm_up)
            used = sum(server.processor_time for server in servers)
            load = _send_to_all(servers, run, case, f"measured-{number}", count)
            used = sum(server.processor_time for server in servers) - used
        if name:
            stored = int(postgres.sql("SELECT count(*) FROM messages", name))
        else:
            stored = count_stored(servers[0].database)
    acknowledged = warm.acknowledged + load.acknowledged
    return Round(load, used / load.answered * 1e6, stored, acknowledged)


def _send_to_all(servers: list[Server], run: Run, case: _Case, seed: str, count: int) -> Load:
    """Send each server its share at the same time; a seed means the same messages in each case."""
    share = count // len(servers)
    files: list[Path] = []
    for number in range(len(servers)):
        path = run.folder / f"{seed}-{number}.requests"
        files.append(write_requests(path, f"{seed}-{number}", share, case.senders))
    connections = CONNECTIONS // len(servers)
    with ThreadPoolExecutor(len(servers)) as pool:
        sending = [
            pool.submit(send, server.port, file, share, connections)
            for server, file in zip(servers, files, strict=True)
        ]
        loads = [sent.result() for sent in sending]
    for path in files:
        path.unlink()
    return join(loads)


def _require_durable(postgres: PostgresServer) -> None:
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        if (value := postgres.sql(f"SHOW {setting}")) != "on":
            raise RuntimeError(f"{setting} of PostgreSQL is {value}")


def _compare(rounds: Mapping[str, list[Round]]) -> Findings:
    lines = []
    for one, other in _COMPARED:
        ours, theirs = rounds[one.name], rounds[other.name]
        label = f"{one.name} / {other.name}"
        rates = ratios([r.load.rate for r in ours], [r.load.rate for r in theirs])
        p99s = ratios([r.load.p99_us for r in ours], [r.load.p99_us for r in theirs])
        lines += [Line(f"webhooks a second: {label}", rates), Line(f"p99 latency: {label}", p99s)]
    amounts: list[Amount] = []
    for name, found in rounds.items():
        amounts += summarise(name, found)
    return Findings(lines=lines, amounts=amounts)
