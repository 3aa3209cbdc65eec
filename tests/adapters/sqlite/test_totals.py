"""Counts from counts that are kept: of whole buckets, and of what a period cuts off."""

from datetime import UTC, datetime
from itertools import product

import pytest
from sqlalchemy import ColumnElement, select

from lyftr_core import Message, MessageFilter
from lyftr_core.testing.strategies.fields import LATEST
from lyftr_sqlite.reading.search import TOTALS
from tests.support.sqlite_files import Database, open_database
from tests.support.upgraded_databases import BORDER_MOMENTS

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
                found = (await connection.execute(select(TOTALS.count_by_time(query)))).scalar_one()
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
        assert await _count(database, TOTALS.count_all()) == len(_AT)
        assert await _count(database, TOTALS.count_by_time(period)) == inside
        assert await _count(database, TOTALS.count_by_sender("+11")) == len(_AT[1::3])
        assert await _count(database, TOTALS.count_by_recipient("+23")) == len(_AT[3::4])


async def test_a_number_that_never_sent_or_received_counts_nothing() -> None:
    async with open_database() as database:
        await database.add(_AT)
        for _ in range(2):
            assert await _count(database, TOTALS.count_by_sender("+99")) == 0
            assert await _count(database, TOTALS.count_by_recipient("+99")) == 0
            await database.fold()
