"""Whichever way is taken, the answer is the same."""

from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from lyftr_core import InMemoryMessageRepository, Message, MessageFilter, Selection
from lyftr_sqlite.reading.access_paths import (
    AccessPath,
    by_recipient,
    by_sender,
    by_trigrams,
    by_ts,
)
from lyftr_sqlite.reading.conditions import is_indexed
from tests.support import upgraded_databases as examples
from tests.support.examples import example_count
from tests.support.sqlite_files import NAMES, NOW, Database, event_loop, open_database

Watermarks = dict[str, int]

_long_enough = examples.searches.filter(is_indexed) | st.just(examples.COMMON)
_numbered = st.builds(
    MessageFilter,
    sender=examples.numbers,
    recipient=examples.numbers,
    since=st.none() | examples.moments,
    until=st.none() | examples.moments,
    q=st.none() | _long_enough,
)


@pytest.fixture(autouse=True)
def a_test_that_hangs_fails() -> None:
    """An example that hangs fails by itself; to make a failure small takes minutes."""


def test_every_path_gives_the_same_messages_and_the_same_count() -> None:
    with event_loop() as run:

        @given(
            messages=st.lists(examples.new_messages, min_size=5, max_size=25),
            through=st.fixed_dictionaries({name: st.integers(0, 25) for name in NAMES}),
            selections=st.lists(
                examples.selections(_numbered | examples.filters(_long_enough)), min_size=5
            ),
        )
        @settings(max_examples=example_count(25))
        def hold(messages: list[Message], through: Watermarks, selections: list[Selection]) -> None:
            run(_compare(messages, through, selections))

        hold()


async def _compare(
    messages: list[Message], through: Watermarks, selections: list[Selection]
) -> None:
    reference = InMemoryMessageRepository()
    for message in messages:
        await reference.add(message, received_at=NOW)
    async with open_database() as database:
        await database.add(messages)
        for name, seq in through.items():
            await database.fold([name], seq)
        for selection in selections:
            expected = await reference.select(selection)
            ids = [stored.message.message_id for stored in expected.messages]
            asked = msgspec.structs.replace(selection, with_total=True)
            total = (await reference.select(asked)).total
            for name, path in _paths(selection.filter):
                assert await _walk(database, path, selection) == (ids, total), name


def _paths(query: MessageFilter) -> Iterator[tuple[str, AccessPath]]:
    yield "by_ts", by_ts(query)
    if query.sender is not None:
        yield "by_sender", by_sender(query)
    if query.recipient is not None:
        yield "by_recipient", by_recipient(query)
    if query.q is not None:
        yield "by_trigrams", by_trigrams(query, query.q)


async def _walk(
    database: Database, path: AccessPath, selection: Selection
) -> tuple[list[str], int]:
    async with database.reading.connect() as connection:
        run = (await connection.execute(path.places(selection))).all()
        count = (await connection.execute(select(path.count()))).scalar_one()
    return [row.message_id for row in run], count


@pytest.mark.parametrize("behind", NAMES)
async def test_one_projection_behind_the_others_hides_nothing_and_doubles_nothing(
    behind: str,
) -> None:
    query = MessageFilter(sender="+10", recipient="+100", q=examples.COMMON)
    messages = [
        Message(message_id=f"m{n}", sender="+10", recipient="+100", ts=NOW, text=f"{n} abc")
        for n in range(10)
    ]
    async with open_database() as database:
        await database.add(messages)
        await database.fold(set(NAMES) - {behind})
        await database.fold([behind], 4)
        for name, path in _paths(query):
            ids, count = await _walk(database, path, Selection(filter=query, limit=100))
            assert (ids, count) == ([f"m{n}" for n in range(10)], 10), name
