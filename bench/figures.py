"""Ratios and amounts over several rounds, and the goals they stand beside."""

from collections.abc import Sequence
from statistics import median

import msgspec

__all__ = ["Amount", "Goal", "Line", "at_least", "at_most", "ratios"]


class Goal(msgspec.Struct, frozen=True):
    """What the median of a ratio must reach.

    Attributes:
        bound: The ratio.
        is_minimum: Whether the ratio must be at least the bound; else at most.
    """

    bound: float
    is_minimum: bool

    def __str__(self) -> str:
        return f"{'≥' if self.is_minimum else '≤'} {self.bound:g}"

    def is_met_by(self, ratio: float) -> bool:
        """Tell whether a ratio reaches the goal."""
        return ratio >= self.bound if self.is_minimum else ratio <= self.bound


def at_least(bound: float) -> Goal:
    """Return the goal of a ratio that should be high."""
    return Goal(bound, is_minimum=True)


def at_most(bound: float) -> Goal:
    """Return the goal of a ratio that should be low."""
    return Goal(bound, is_minimum=False)


class Line(msgspec.Struct, frozen=True):
    """One ratio, measured in each round.

    Attributes:
        label: What is compared with what.
        ratios: One a round.
        goal: What the median must reach, if there is a goal.
    """

    label: str
    ratios: list[float]
    goal: Goal | None = None

    @property
    def summary(self) -> tuple[float, float, float]:
        """The minimum, the median and the maximum."""
        return min(self.ratios), median(self.ratios), max(self.ratios)

    @property
    def is_met(self) -> bool | None:
        """Whether the median reaches the goal; `None` where there is none."""
        return None if self.goal is None else self.goal.is_met_by(median(self.ratios))


class Amount(msgspec.Struct, frozen=True):
    """One amount, measured in each round.

    Attributes:
        label: What was measured.
        unit: Its unit, as `ms` or `requests/s`.
        values: One a round.
    """

    label: str
    unit: str
    values: list[float]

    @property
    def summary(self) -> tuple[float, float, float]:
        """The minimum, the median and the maximum."""
        return min(self.values), median(self.values), max(self.values)


def ratios(numerators: Sequence[float], denominators: Sequence[float]) -> list[float]:
    """Divide round by round."""
    return [a / b for a, b in zip(numerators, denominators, strict=True)]
