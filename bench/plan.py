"""How much is measured, where, and what a section of the benchmark is given and gives back."""

import time
from collections.abc import Callable
from pathlib import Path

import click
import msgspec

from bench.figures import Amount, Line

__all__ = [
    "CONNECTIONS",
    "RATE_LABEL",
    "SIZES_LABEL",
    "Findings",
    "Plan",
    "Run",
    "Section",
    "full_plan",
    "quick_plan",
    "say",
]

CONNECTIONS = 64
"""How many webhooks are under way at the same time."""
RATE_LABEL = "webhooks: "
"""Begins the label of an amount that the chart shows."""
SIZES_LABEL = ": time at "
"""Within the label of a ratio that the chart shows."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The sizes of a run.

    Attributes:
        rounds: How often each comparison is made.
        few: How many messages a small database holds.
        many: How many messages a large database holds.
        webhooks: How many webhooks a fast server gets in one round.
        webhooks_baseline: How many the FastAPI baseline gets in one round.
        warm_up: How many other webhooks each server gets before that.
        portion: At most how many webhooks one run of wrk sends to the server whose memory is read.
        reads: How often each kind of read is asked in one round.
        scans: How often a whole table is scanned for comparison in one round.
        batches: How many batches of 64 the writer alone gets in one round.
        starts: How often each server is started in one round.
    """

    rounds: int
    few: int
    many: int
    webhooks: int
    webhooks_baseline: int
    warm_up: int
    portion: int
    reads: int
    scans: int
    batches: int
    starts: int


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the benchmark.

    Attributes:
        plan: The sizes.
        folder: Where databases, logs and requests are written; emptied at the end.
        cache: Where databases are kept for the next run.
    """

    plan: Plan
    folder: Path
    cache: Path


class Findings(msgspec.Struct, kw_only=True):
    """What one section, or all of them, found.

    Attributes:
        lines: Ratios, beside their goals where they have one.
        amounts: The absolute amounts behind them.
        problems: Whatever makes the figures doubtful; empty in a good run.
    """

    lines: list[Line] = []
    amounts: list[Amount] = []
    problems: list[str] = []

    def extend(self, other: "Findings") -> None:
        """Take over what another section found."""
        self.lines += other.lines
        self.amounts += other.amounts
        self.problems += other.problems


Section = Callable[[Run], Findings]


def full_plan(rounds: int, messages: int) -> Plan:
    """Return the sizes of a run whose figures count.

    Args:
        rounds: How often each comparison is made.
        messages: How many messages a large database holds.
    """
    return Plan(
        rounds=rounds,
        few=10_000,
        many=messages,
        webhooks=40_000,
        webhooks_baseline=8_000,
        warm_up=500,
        portion=100_000,
        reads=50,
        scans=3,
        batches=1_000,
        starts=5,
    )


def quick_plan(rounds: int) -> Plan:
    """Return small sizes, for trying out that everything works."""
    return Plan(
        rounds=rounds,
        few=2_000,
        many=20_000,
        webhooks=3_000,
        webhooks_baseline=300,
        warm_up=200,
        portion=10_000,
        reads=20,
        scans=2,
        batches=100,
        starts=2,
    )


def say(text: str) -> None:
    """Tell on standard error what is being done."""
    click.echo(f"{time.strftime('%H:%M:%S')} {text}", err=True)
