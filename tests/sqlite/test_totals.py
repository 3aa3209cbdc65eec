"""Counts from counts that are kept: of whole buckets, and of what a period cuts off."""

from datetime import UTC, datetime
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import ColumnElement, select

from lyftr_core import Message, MessageFilter
from lyftr_core.testing.fields import (
    EARLIEST,
    LATEST,
)
from lyftr_core.timestamps import to_microseconds
from lyftr_sql.periods import DAY, HOUR, MINUTE, spans
from lyftr_sqlite.totals import totals
from tests.sqlite.databases import Database, open_database
from tests.sqlite.examples import BORDER_MOMENTS

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


_AT = [
    Message(message_id=f"m{n}", sender=f"+1{n % 3}", recipient=f"+2{n % 4}", ts=ts, text=None)
    for n, ts in enumerate(BORDER_MOMENTS)
]
_BOUNDS = (None, *BORDER_MOMENTS[::3], LATEST)


async def _count(database: Database, number: ColumnElement[int]) -> int:
    async with database.reading.connect() as connection:
        return int((await connection.execute(select(number))).scalar_one())


@pytest.mark.parametrize("folded", [0, len(_AT) // 2, len(_AT)])
async def test_a_period_counts_as_one_by_one_wherever_it_begins_and_ends(folded: int) -> None:
    async with open_database() as database:
        await database.add(_AT[::2] + _AT[1::2])
        await database.fold(["counts"], folded)
        await database.fold(["messages_by_ts"], len(_AT) // 3)
        async with database.reading.connect() as connection:
            for since, until in product(_BOUNDS, _BOUNDS):
                query = MessageFilter(since=since, until=until)
                found = (await connection.execute(select(totals.count_by_time(query)))).scalar_one()
                assert found == sum(query.matches(message) for message in _AT), query


async def test_counts_look_at_no_message_that_is_folded() -> None:
    """All of them stay right where the messages and their lists are gone, the counts aside."""
    since, until = (datetime(2026, 1, day, hour, 7, tzinfo=UTC) for day, hour in ((13, 5), (16, 2)))
    period = MessageFilter(since=since, until=until)
    inside = sum(period.matches(message) for message in _AT)
    assert inside > 10
    async with open_database() as database:
        await database.add(_AT)
        await database.fold()
        for name in ("messages", "messages_by_ts", "messages_by_sender", "messages_by_recipient"):
            database.plain.execute(f"DELETE FROM {name}")  # noqa: S608 - of constants
        assert await _count(database, totals.count_all()) == len(_AT)
        assert await _count(database, totals.count_by_time(period)) == inside
        assert await _count(database, totals.count_by_sender("+11")) == len(_AT[1::3])
        assert await _count(database, totals.count_by_recipient("+23")) == len(_AT[3::4])


async def test_a_number_that_never_sent_or_received_counts_nothing() -> None:
    async with open_database() as database:
        await database.add(_AT)
        for _ in range(2):
            assert await _count(database, totals.count_by_sender("+99")) == 0
            assert await _count(database, totals.count_by_recipient("+99")) == 0
            await database.fold()
