"""A period is covered by whole buckets: exactly, never twice, and by few."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lyftr_core.testing.strategies.fields import EARLIEST, LATEST
from lyftr_core.timestamps import to_microseconds
from lyftr_sql.time_buckets import DAY, HOUR, MINUTE, round_down, round_up, spans

_minutes = st.integers(
    to_microseconds(EARLIEST) // MINUTE, to_microseconds(LATEST) // MINUTE + 1
) | st.integers(-3 * DAY // MINUTE, 3 * DAY // MINUTE)


def _buckets(low: int, high: int) -> list[tuple[int, int, int]]:
    """Return those spans that hold a bucket, in the order of time."""
    found = spans(low, high, MINUTE, HOUR, DAY)
    return sorted((s for s in found if s[1] < s[2]), key=lambda span: span[1])


@given(_minutes, _minutes)
def test_spans_cover_a_period_exactly_and_never_twice(one: int, other: int) -> None:
    low, high = sorted((one * MINUTE, other * MINUTE))
    found = _buckets(low, high)
    assert all(first % width == last % width == 0 for width, first, last in found)
    assert all(before[2] == after[1] for before, after in pairwise(found))
    assert sum(last - first for _, first, last in found) == high - low
    if found:
        assert (found[0][1], found[-1][2]) == (low, high)


@given(_minutes, _minutes)
def test_spans_have_few_buckets_but_whole_days(one: int, other: int) -> None:
    low, high = sorted((one * MINUTE, other * MINUTE))
    counts = dict.fromkeys((MINUTE, HOUR, DAY), 0)
    for width, first, last in _buckets(low, high):
        counts[width] += (last - first) // width
    assert counts[MINUTE] <= 2 * 59
    assert counts[HOUR] <= 2 * 23
    assert counts[DAY] <= (high - low) // DAY


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 0, []),
        (0, DAY, [(DAY, 0, DAY)]),
        (0, 59 * MINUTE, [(MINUTE, 0, 59 * MINUTE)]),
        (-MINUTE, MINUTE, [(MINUTE, -MINUTE, MINUTE)]),
        (
            -HOUR - MINUTE,
            DAY + 2 * HOUR + MINUTE,
            [
                (MINUTE, -HOUR - MINUTE, -HOUR),
                (HOUR, -HOUR, 0),
                (DAY, 0, DAY),
                (HOUR, DAY, DAY + 2 * HOUR),
                (MINUTE, DAY + 2 * HOUR, DAY + 2 * HOUR + MINUTE),
            ],
        ),
    ],
)
def test_spans_are_the_widest_buckets_that_fit(
    low: int, high: int, expected: list[tuple[int, int, int]]
) -> None:
    assert _buckets(low, high) == expected


@pytest.mark.parametrize(
    ("moment", "down", "up"),
    [
        (0, 0, 0),
        (1, 0, MINUTE),
        (MINUTE, MINUTE, MINUTE),
        (-1, -MINUTE, 0),
        (-MINUTE, -MINUTE, -MINUTE),
    ],
)
def test_a_moment_before_1970_is_rounded_the_same_way(moment: int, down: int, up: int) -> None:
    assert round_down(moment, MINUTE) == down
    assert round_up(moment, MINUTE) == up
