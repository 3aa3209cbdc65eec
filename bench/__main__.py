"""`python -m bench`: measure, print the tables, write the results."""

import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from bench import (
    core_alone,
    machine,
    memory,
    postgres,
    postgres_reads,
    reads,
    report,
    startup,
    stored,
    webhooks,
    writer,
)
from bench.figures import Amount
from bench.plan import Findings, Plan, Run, Section, full_plan, quick_plan, say

_SECTIONS: Mapping[str, Section] = {
    "core": core_alone.measure,
    "webhooks": webhooks.measure,
    "postgres": postgres.measure,
    "writer": writer.measure,
    "memory": memory.measure,
    "stored": stored.measure,
    "reads": reads.measure,
    "postgres-reads": postgres_reads.measure,
    "startup": startup.measure,
}
_RESULTS = Path(__file__).with_name("results")
_SCRATCH = Path("/var/tmp")  # noqa: S108 - unlike /tmp it is never in memory
_FOLDER = click.Path(file_okay=False, path_type=Path, resolve_path=True)


@click.command()
@click.option("--rounds", type=click.IntRange(1), help="How often to compare.  [5; quick: 2]")
@click.option("--quick", is_flag=True, help="Small sizes, to see that everything works.")
@click.option("--only", type=click.Choice(list(_SECTIONS)), multiple=True, help="May be repeated.")
@click.option("--messages", type=click.IntRange(20_000), default=1_000_000, show_default=True)
@click.option("--out", type=_FOLDER, help="For the results.  [bench/results for a whole full run]")
@click.option("--folder", type=_FOLDER, default=_SCRATCH, show_default=True, help="For databases.")
@click.option("--cache", type=_FOLDER, help="Keeps large databases for the next run.")
def main(  # noqa: PLR0913 - one for each option
    *,
    rounds: int | None,
    quick: bool,
    only: Sequence[str],
    messages: int,
    out: Path | None,
    folder: Path,
    cache: Path | None,
) -> None:
    """Measure lyftr on this machine."""
    try:
        machine.require_suitable(folder)
    except machine.Unsuitable as exc:
        raise click.ClickException(str(exc)) from exc
    plan = quick_plan(rounds or 2) if quick else full_plan(rounds or 5, messages)
    findings = _measure(plan, only or list(_SECTIONS), folder, cache)
    click.echo(f"{report.ratios(findings.lines)}\n\n{report.amounts(findings.amounts)}")
    # What is no whole run must not take the place of one.
    out = out or (None if quick or only else _RESULTS)
    if out:
        report.write(out, findings, plan, machine.describe())
    for problem in findings.problems:
        click.echo(f"PROBLEM: {problem}")
    sys.exit(1 if findings.problems else 0)


def _measure(plan: Plan, names: Sequence[str], folder: Path, cache: Path | None) -> Findings:
    # An end by SIGTERM is an exception too, so that no server outlives this process.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    os.sched_setaffinity(0, {machine.LOAD_CORE})
    findings = Findings()
    disturbance: list[float] = []
    with tempfile.TemporaryDirectory(prefix="lyftr-bench-", dir=folder) as scratch:
        run = Run(plan=plan, folder=Path(scratch), cache=cache or Path(scratch, "cache"))
        run.cache.mkdir(parents=True, exist_ok=True)
        for name, measure in _SECTIONS.items():
            if name in names:
                say(f"{name}:")
                others = machine.Others()
                findings.extend(_try(name, measure, run))
                disturbance.append(others.share)
    label = "processor time that other processes took, section by section"
    findings.amounts.append(Amount(label, "% of all", disturbance))
    return findings


def _try(name: str, measure: Section, run: Run) -> Findings:
    """Measure; what fails must not cost the figures of the other sections."""
    try:
        return measure(run)
    except Exception as exc:  # noqa: BLE001 - it is told, and the exit status says so too
        click.echo(traceback.format_exc(), err=True)
        return Findings(problems=[f"{name}: {exc}"])


if __name__ == "__main__":
    main()
