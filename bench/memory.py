"""Memory of the server while a million webhooks go through it."""

from pathlib import Path

from bench.figures import Amount, Line, at_most
from bench.load import send
from bench.plan import Findings, Run, say
from bench.request_file import write_requests
from bench.servers import OURS, Server
from bench.webhooks import count_stored

__all__ = ["database", "measure"]

_MB = 1e6


def database(run: Run) -> Path:
    """Return the file that the webhooks end up in; the next section goes on with it."""
    return run.folder / "million.db"


def measure(run: Run) -> Findings:
    """Read the memory of one server after few and after many webhooks."""
    findings = Findings()
    acknowledged = 0
    resident: dict[int, int] = {}
    with Server(OURS, database(run), run.folder) as server:
        for number, (goal, count) in enumerate(_portions(run)):
            say(f"memory: {goal} webhooks")
            requests = write_requests(run.folder / "memory.requests", f"memory-{number}", count)
            load = send(server.port, requests, count)
            acknowledged += load.acknowledged
            resident[goal] = server.memory
            if load.refused:
                findings.problems.append(f"memory: answers other than 2xx: {load.refused}")
    stored = count_stored(database(run))
    if stored != acknowledged:
        findings.problems.append(f"memory: stored {stored}, acknowledged {acknowledged}")
    few, many = run.plan.few, run.plan.many
    label = f"memory of the server: after {many:,} webhooks / after {few:,}"
    findings.lines.append(Line(label, [resident[many] / resident[few]], at_most(1.3)))
    findings.amounts += [
        Amount(f"memory after {goal:,} webhooks", "MB", [resident[goal] / _MB])
        for goal in (few, many)
    ]
    return findings


def _portions(run: Run) -> list[tuple[int, int]]:
    """Return how many webhooks there are after each run of wrk, and how many it sends."""
    plan = run.plan
    goals = [plan.few, *range(plan.portion, plan.many, plan.portion), plan.many]
    goals = sorted(goal for goal in set(goals) if plan.few <= goal)
    return [(goal, goal - before) for before, goal in zip([0, *goals], goals, strict=False)]
