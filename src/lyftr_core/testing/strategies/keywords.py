"""What the strategies take: checked when one is made, not when the first value is drawn."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from hypothesis.strategies import SearchStrategy

from lyftr_core.message import check_moment

__all__ = ["check_moment_in_utc", "check_moments", "check_order", "one_given"]

Value = TypeVar("Value")


def one_given(
    name: str,
    strategy: SearchStrategy[Value] | None,
    default: Callable[[], SearchStrategy[Value]],
) -> SearchStrategy[Value]:
    """Return the strategy that was given, or the default where none was.

    Raises:
        TypeError: It is no strategy.
    """
    if strategy is None:
        return default()
    if not isinstance(strategy, SearchStrategy):
        raise TypeError(f"{name} must be a Hypothesis strategy, as st.just({strategy!r}) is")
    return strategy


def check_order(lowest: int, highest: int, **bounds: int) -> None:
    """Check two bounds, the lower one first, by the names of their keywords.

    Raises:
        ValueError: They are not in this order.
    """
    (low_name, low), (high_name, high) = bounds.items()
    if not lowest <= low <= high <= highest:
        raise ValueError(
            f"it must be {lowest} <= {low_name} <= {high_name} <= {highest};"
            f" {low_name} is {low}, {high_name} is {high}"
        )


def check_moments(earliest: datetime, latest: datetime) -> None:
    """Check two bounds of time.

    Raises:
        ValueError: One is not in UTC, or the first is behind the last.
    """
    check_moment_in_utc("earliest", earliest)
    check_moment_in_utc("latest", latest)
    if earliest > latest:
        raise ValueError(f"earliest must not be behind latest; it is {earliest}, latest {latest}")


def check_moment_in_utc(name: str, moment: datetime) -> None:
    """Check one moment.

    Raises:
        ValueError: It is not in UTC.
    """
    if fault := check_moment(moment, name):
        raise ValueError(f"{name} {fault.msg}; it is {moment!r}")
