"""From the start of the process until it is ready, on a database that is there."""

from statistics import median

from bench.dataset import dataset
from bench.figures import Amount, Line, at_most, ratios
from bench.plan import Findings, Run, say
from bench.servers import HELLO, OURS, Server, Target

__all__ = ["measure"]

_TARGETS = (OURS, HELLO)


def measure(run: Run) -> Findings:
    """Start each server in turn, several times a round; a round counts its medians."""
    database = dataset(run.plan.many, run.cache)

    def start(target: Target) -> float:
        with Server(target, database, run.folder) as server:
            return server.started_in

    for target in _TARGETS:  # once before it counts: the disk is slow the first time
        start(target)
    seconds: dict[str, list[float]] = {target.name: [] for target in _TARGETS}
    for number in range(run.plan.rounds):
        say(f"startup, round {number + 1}")
        starts = [[start(target) for target in _TARGETS] for _ in range(run.plan.starts)]
        for target, taken in zip(_TARGETS, zip(*starts, strict=True), strict=True):
            seconds[target.name].append(median(taken))
    return Findings(
        lines=[
            Line(
                f"start until ready with {run.plan.many:,} messages stored:"
                " ours / uvicorn with a Litestar hello-world",
                ratios(seconds[OURS.name], seconds[HELLO.name]),
                at_most(2),
            )
        ],
        amounts=[
            Amount(f"start until ready: {name}", "ms", [1000 * value for value in values])
            for name, values in seconds.items()
        ],
    )
