"""The statistics, where a part of the messages is counted already and a part is not."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lyftr_core import InMemoryMessageRepository, Message
from lyftr_core.testing import messages
from lyftr_core.testing.strategies.fields import EARLIEST
from tests.support.examples import example_count
from tests.support.sqlite_files import NAMES, NOW, event_loop, open_database

_MANY = [f"+1{number}" for number in range(1, 16)]  # more than the statistics name
_BEFORE_1970 = [datetime(1969, 12, 31, hour, 59, 59, tzinfo=UTC) for hour in range(24)]
_messages = messages(
    message_id=st.integers(0, 999).map("m{}".format),
    sender=st.sampled_from(_MANY) | st.sampled_from(_MANY[:3]),
    recipient=st.just("+20"),
    ts=st.sampled_from(_BEFORE_1970),
    text=st.none(),
)


@pytest.fixture(autouse=True)
def a_test_that_hangs_fails() -> None:
    """An example that hangs fails by itself; to make a failure small takes minutes."""


def test_the_busiest_and_the_hours_are_those_of_the_log_whatever_is_folded() -> None:
    with event_loop() as run:

        @given(
            kept=st.lists(_messages, min_size=20, max_size=60),
            through=st.lists(st.integers(0, 60), min_size=len(NAMES), max_size=len(NAMES)),
        )
        @settings(max_examples=example_count(40))
        def hold(kept: list[Message], through: list[int]) -> None:
            run(_compare(kept, through))

        hold()


async def _compare(kept: list[Message], through: list[int]) -> None:
    reference = InMemoryMessageRepository()
    for message in kept:
        await reference.add(message, received_at=NOW)
    async with open_database() as database:
        await database.add(kept)
        for name, seq in zip(NAMES, through, strict=True):
            await database.fold([name], seq)
        assert await database.reader.stats() == await reference.stats()


@pytest.mark.parametrize("folded", [0, 1, 2, 3])
async def test_an_hour_before_1970_begins_before_its_messages(folded: int) -> None:
    first = datetime(1969, 12, 31, 21, 30, tzinfo=UTC)
    async with open_database() as database:
        await database.add(_at(*(first + n * timedelta(minutes=50) for n in range(3))))
        await database.fold(["counts"], folded)
        hours = (await database.reader.stats()).messages_per_hour
    assert [(h.hour.hour, h.count) for h in hours if h.count] == [(21, 1), (22, 1), (23, 1)]
    assert len(hours) == 24


@pytest.mark.parametrize("folded", [0, 1, 2])
async def test_hours_begin_with_time_itself(folded: int) -> None:
    async with open_database() as database:
        await database.add(_at(EARLIEST, EARLIEST + timedelta(hours=1, minutes=1)))
        await database.fold(["counts"], folded)
        stats = await database.reader.stats()
    assert [(h.hour, h.count) for h in stats.messages_per_hour] == [
        (EARLIEST, 1),
        (EARLIEST + timedelta(hours=1), 1),
    ]


def _at(*moments: datetime) -> list[Message]:
    return [
        Message(message_id=f"m{n}", sender="+12", recipient="+13", ts=ts, text=None)
        for n, ts in enumerate(moments)
    ]
