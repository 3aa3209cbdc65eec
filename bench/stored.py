"""`POST /webhook` with a million messages stored, without searches and with them."""

import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import NamedTuple

from bench.dataset import dataset
from bench.figures import Amount, Line, at_least, ratios
from bench.memory import database
from bench.plan import Findings, Run, say
from bench.searches import Watch
from bench.servers import OURS, Server
from bench.webhooks import Round, Webhooks, measure_round, summarise

__all__ = ["measure"]

_SEARCHERS = 2
_MB = 1e6
_EMPTY, _STORED, _SEARCHED = "ours, empty", "ours, full", "ours, full, two clients searching"


class _Case(NamedTuple):
    name: str
    file: Path
    during: Callable[[int], AbstractContextManager[None]]


def measure(run: Run) -> Findings:
    """Send webhooks to an empty server and to a full one in turn, over several rounds."""
    findings = Findings()
    full = _full_database(run)
    rounds: dict[str, list[Round]] = {_EMPTY: [], _STORED: [], _SEARCHED: []}
    watches: list[Watch] = []
    for number in range(run.plan.rounds):
        watches.append(Watch(full))
        for case in _cases(run, number, full, watches[-1]):
            say(f"stored, round {number + 1}: {case.name}")
            webhooks = Webhooks.write(run, f"stored-{number}-{case.name}")
            server = Server(OURS, case.file, run.folder)
            this = measure_round(server, webhooks, case.during)
            webhooks.remove()
            rounds[case.name].append(this)
            findings.problems += [f"{case.name}: {problem}" for problem in this.problems]
    findings.problems += [
        f"searches that were not answered 200: {watch.failed}" for watch in watches if watch.failed
    ]
    findings.extend(_compare(run, rounds, watches))
    return findings


def _cases(run: Run, number: int, full: Path, watch: Watch) -> list[_Case]:
    def quietly(_port: int) -> AbstractContextManager[None]:
        return nullcontext()

    def searching(port: int) -> AbstractContextManager[None]:
        return watch.running(port, _SEARCHERS)

    return [
        _Case(_EMPTY, run.folder / f"stored-{number}.db", quietly),
        _Case(_STORED, full, quietly),
        _Case(_SEARCHED, full, searching),
    ]


def _full_database(run: Run) -> Path:
    """Return the file that the section on memory has filled, else a copy of the data set.

    Each round adds to it.
    """
    file = database(run)
    if not file.exists():
        shutil.copyfile(dataset(run.plan.many, run.cache), file)
        with file.open("rb+") as copied:
            os.fsync(copied.fileno())
    return file


def _compare(run: Run, rounds: dict[str, list[Round]], watches: list[Watch]) -> Findings:
    rates = {name: [r.load.rate for r in found] for name, found in rounds.items()}
    tails = {name: [float(r.load.p99_us) for r in found] for name, found in rounds.items()}
    many = f"{run.plan.many:,} messages stored"
    lines = [
        Line(
            f"webhooks a second: ours with {many} / ours empty",
            ratios(rates[_STORED], rates[_EMPTY]),
            at_least(0.85),
        ),
        Line(
            f"p99 latency with {many}: while two clients search / without",
            ratios(tails[_SEARCHED], tails[_STORED]),
        ),
    ]
    amounts = [amount for name, found in rounds.items() for amount in summarise(name, found)]
    amounts += [
        Amount("searches meanwhile", "a round", [float(watch.searches) for watch in watches]),
        Amount("largest WAL under load and searches", "MB", [w.largest / _MB for w in watches]),
    ]
    return Findings(lines=lines, amounts=amounts)
