"""However far behind each projection is, every answer is that of the log."""

from collections import Counter
from datetime import datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_core import (
    InMemoryMessageRepository,
    Matches,
    Message,
    MessageFilter,
    Order,
    Selection,
    StoredMessage,
)
from lyftr_core.timestamps import to_microseconds
from lyftr_sql.search_plan import Plan, Way
from lyftr_sqlite.reading.access_paths import AccessPath
from lyftr_sqlite.reading.search import SqliteSearch
from tests.support import upgraded_databases as examples
from tests.support.examples import example_count
from tests.support.sqlite_files import NAMES, NOW, Database, event_loop, open_database
from tests.support.stored import assert_nothing_wrong


class Fold(msgspec.Struct, frozen=True):
    names: list[str]
    limit: int


class Round(msgspec.Struct, frozen=True):
    """Messages come, some projections move forward, and then somebody asks."""

    messages: list[Message]
    folding: list[Fold]
    clear: bool
    selections: list[Selection]
    message_id: str


_folding = st.builds(
    Fold, st.lists(st.sampled_from(NAMES), min_size=1, unique=True), st.integers(1, 20)
)
_asking = examples.selections(examples.filters())
_searching = examples.selections(st.builds(MessageFilter, q=examples.searches)) | st.builds(
    Selection,
    filter=st.just(MessageFilter(q=examples.COMMON)),
    order=st.sampled_from(Order),
    limit=st.just(1),
)


def _rounds(*asking: st.SearchStrategy[Selection]) -> st.SearchStrategy[list[Round]]:
    one = st.builds(
        Round,
        messages=st.lists(examples.new_messages, min_size=1, max_size=8),
        folding=st.lists(_folding, max_size=4),
        clear=st.integers(0, 9).map(lambda die: die == 9),
        selections=st.lists(st.one_of(*asking), min_size=2, max_size=5),
        message_id=examples.ids,
    )
    return st.lists(one, min_size=2, max_size=6)


def _run(rounds: st.SearchStrategy[list[Round]], max_examples: int) -> None:
    with event_loop() as run:

        @given(rounds=rounds)
        @settings(max_examples=example_count(max_examples))
        def hold(rounds: list[Round]) -> None:
            run(_compare_after_each(rounds))

        hold()


@pytest.fixture(autouse=True)
def a_test_that_hangs_fails() -> None:
    """An example that hangs fails by itself; to make a failure small takes minutes."""


def test_every_answer_is_that_of_the_log_whatever_is_folded() -> None:
    _run(_rounds(_asking), 40)


@pytest.mark.thorough
def test_the_same_holds_where_searches_use_the_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lyftr_sql.search_plan.FEW", 2)
    monkeypatch.setattr("lyftr_sql.search_plan.AHEAD", 3)
    taken: Counter[str] = Counter()

    class Noting(SqliteSearch):
        async def plan(self, connection: AsyncConnection, selection: Selection, way: Way) -> Plan:
            chosen = await super().plan(connection, selection, way)
            assert isinstance(chosen.path, AccessPath)
            walked = chosen.path.place[0].table
            taken[f"{walked} counts with {'search' in str(chosen.total)}"] += 1
            return chosen

    monkeypatch.setattr("lyftr_sqlite.reading.reader.SqliteSearch", Noting)
    _run(_rounds(_searching, _asking), 40)
    assert taken["messages counts with True"]  # finds in the index
    assert taken["messages_by_ts counts with True"]  # walks, and counts by the index
    assert taken["messages_by_ts counts with False"]  # walks, and counts on the way
    assert taken["messages_by_sender counts with False"]
    assert taken["messages_by_recipient counts with False"]


async def _compare_after_each(rounds: list[Round]) -> None:
    reference = InMemoryMessageRepository()
    async with open_database() as database:
        database.plain.create_function("holds", 2, _holds)
        for one in rounds:
            await _move(one, database, reference)
            await _ask(one, database, reference)
        await database.fold()
        assert await database.reader.stats() == await reference.stats()
        assert_nothing_wrong(database.path)


async def _move(one: Round, database: Database, reference: InMemoryMessageRepository) -> None:
    for message in one.messages:
        await reference.add(message, received_at=NOW)
    await database.add(one.messages)
    if one.clear:
        await database.clear()
    for folding in one.folding:
        await database.fold(folding.names, folding.limit)


async def _ask(one: Round, database: Database, reference: InMemoryMessageRepository) -> None:
    for selection in one.selections:
        await _compare(selection, database, await reference.select(selection))
    assert await database.reader.stats() == await reference.stats()
    found = await database.reader.get(one.message_id)
    assert _contents(found) == _contents(await reference.get(one.message_id))


async def _compare(selection: Selection, database: Database, expected: Matches) -> None:
    matches = await database.reader.select(selection)
    assert _contents(*matches.messages) == _contents(*expected.messages)
    assert matches.total == expected.total
    if selection.with_total:
        assert matches.total == _count(database, selection.filter)


def _contents(*run: StoredMessage | None) -> list[object]:
    # `seq` may have gaps.
    return [(stored.message, stored.received_at) if stored else None for stored in run]


def _count(database: Database, query: MessageFilter) -> int:
    parameters = {
        "sender": query.sender,
        "recipient": query.recipient,
        "since": _microseconds(query.since),
        "until": _microseconds(query.until),
        "q": query.q,
    }
    return int(database.plain.execute(_PLAIN_COUNT, parameters).fetchone()[0])


_PLAIN_COUNT = """SELECT count(*) FROM messages WHERE (:sender IS NULL OR sender = :sender)
    AND (:recipient IS NULL OR recipient = :recipient)
    AND (:since IS NULL OR ts >= :since) AND (:until IS NULL OR ts < :until)
    AND (:q IS NULL OR holds(text, :q))"""


def _microseconds(moment: datetime | None) -> int | None:
    return None if moment is None else to_microseconds(moment)


def _holds(text: str | None, q: str) -> bool:
    return q.casefold() in (text or "").casefold()
