"""`POST /webhook`: ours, the two ceilings, and what people would write instead."""

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path

import msgspec

from bench.figures import Amount, Goal, Line, at_least, at_most, ratios
from bench.load import Load, send
from bench.plan import RATE_LABEL, Findings, Run, say
from bench.request_file import write_requests
from bench.servers import BASELINE, CEILING, OURS, PLAIN_CEILING, Server, Target

__all__ = ["Round", "Webhooks", "count_stored", "measure", "measure_round", "summarise"]

_TARGETS = (OURS, CEILING, PLAIN_CEILING, BASELINE)
_RATES: tuple[tuple[Target, Goal], ...] = (
    (CEILING, at_least(0.70)),
    (PLAIN_CEILING, at_least(0.50)),
    (BASELINE, at_least(8)),
)
_LATENCIES: tuple[tuple[Target, Goal], ...] = ((CEILING, at_most(2)), (BASELINE, at_most(0.1)))


class Webhooks(msgspec.Struct, frozen=True):
    """The webhooks of one round, the same for every target.

    Attributes:
        warm_up: Sent first.
        warm_up_count: How many those are.
        measured: Sent then.
        measured_count: How many of them the fast targets get.
    """

    warm_up: Path
    warm_up_count: int
    measured: Path
    measured_count: int

    @classmethod
    def write(cls, run: Run, name: str) -> "Webhooks":
        """Write them to files; another name gives other messages."""
        plan = run.plan
        files = run.folder / f"{name}-warm-up.requests", run.folder / f"{name}.requests"
        return cls(
            write_requests(files[0], files[0].name, plan.warm_up),
            plan.warm_up,
            write_requests(files[1], files[1].name, plan.webhooks),
            plan.webhooks,
        )

    def remove(self) -> None:
        """Remove the files."""
        self.warm_up.unlink()
        self.measured.unlink()


class Round(msgspec.Struct, frozen=True):
    """What one target did in one round.

    Attributes:
        load: What wrk saw.
        processor_us: Processor time of the server for one webhook, in microseconds.
        stored: How many messages the round added to the file.
        acknowledged: How many webhooks were answered 2xx, those of the warm-up included.
    """

    load: Load
    processor_us: float
    stored: int
    acknowledged: int

    @property
    def problems(self) -> list[str]:
        """What should not have happened."""
        found = []
        if self.stored != self.acknowledged:
            found.append(f"stored {self.stored}, acknowledged {self.acknowledged}")
        if self.load.refused:
            found.append(f"answers other than 2xx: {self.load.refused}")
        return found


def measure(run: Run) -> Findings:
    """Send the same webhooks to each target in turn, over several rounds."""
    rounds: dict[str, list[Round]] = {target.name: [] for target in _TARGETS}
    findings = Findings()
    for number in range(run.plan.rounds):
        webhooks = Webhooks.write(run, f"webhooks-{number}")
        for target in _TARGETS[number % 4 :] + _TARGETS[: number % 4]:
            say(f"webhooks, round {number + 1}: {target.name}")
            count = run.plan.webhooks_baseline if target is BASELINE else run.plan.webhooks
            database = run.folder / f"webhooks-{number}-{target.name.replace(' ', '-')}.db"
            server = Server(target, database, run.folder)
            this = measure_round(server, msgspec.structs.replace(webhooks, measured_count=count))
            rounds[target.name].append(this)
            findings.problems += [f"{target.name}: {problem}" for problem in this.problems]
        webhooks.remove()
    findings.extend(_compare(rounds))
    return findings


def measure_round(
    server: Server,
    webhooks: Webhooks,
    during: Callable[[int], AbstractContextManager[None]] = lambda _: nullcontext(),
) -> Round:
    """Start a server, warm it up, send it webhooks, stop it, and count what is stored.

    Args:
        server: Not yet started.
        webhooks: What to send.
        during: Gets the server's port, and is entered while the measured ones are sent.
    """
    before = count_stored(server.database)
    with server:
        warm = send(server.port, webhooks.warm_up, webhooks.warm_up_count)
        used = server.processor_time
        with during(server.port):
            load = send(server.port, webhooks.measured, webhooks.measured_count)
        used = server.processor_time - used
    return Round(
        load,
        used / load.answered * 1e6,
        count_stored(server.database) - before,
        warm.acknowledged + load.acknowledged,
    )


def count_stored(database: Path) -> int:
    """Return how many messages a database file holds; there may be no file yet."""
    if not database.exists():
        return 0
    with closing(sqlite3.connect(database)) as connection:
        return int(connection.execute("SELECT count(*) FROM messages").fetchone()[0])


def summarise(name: str, rounds: list[Round]) -> list[Amount]:
    """Return the amounts of a target's rounds."""
    return [
        Amount(f"{RATE_LABEL}{name}", "requests/s", [r.load.rate for r in rounds]),
        Amount(f"median latency: {name}", "ms", [r.load.p50_us / 1000 for r in rounds]),
        Amount(f"p99 latency: {name}", "ms", [r.load.p99_us / 1000 for r in rounds]),
        Amount(f"processor time: {name}", "µs/request", [r.processor_us for r in rounds]),
    ]


def _compare(rounds: dict[str, list[Round]]) -> Findings:
    rates = {name: [r.load.rate for r in found] for name, found in rounds.items()}
    latencies = {name: [float(r.load.p99_us) for r in found] for name, found in rounds.items()}
    lines = [
        Line(f"webhooks a second: ours / {target.name}", ratios(rates[OURS.name], rate), goal)
        for target, goal in _RATES
        for rate in [rates[target.name]]
    ]
    lines.append(
        Line(
            "webhooks a second: ceiling / plain ceiling (the price of the projections)",
            ratios(rates[CEILING.name], rates[PLAIN_CEILING.name]),
        )
    )
    lines += [
        Line(f"p99 latency: ours / {target.name}", ratios(latencies[OURS.name], latency), goal)
        for target, goal in _LATENCIES
        for latency in [latencies[target.name]]
    ]
    amounts = [amount for name, found in rounds.items() for amount in summarise(name, found)]
    return Findings(lines=lines, amounts=amounts)
