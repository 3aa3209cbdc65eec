"""Which way is taken: the one with the least to look at."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import event, select

from lyftr_core import Message, MessageFilter, Selection
from lyftr_sqlite.reading.access_paths import AccessPath
from lyftr_sqlite.reading.search import SqliteSearch
from tests.support.sqlite_files import NAMES, NOW, Database, open_database

_COMMON, _RARE, _LATE = "hello", "needle", "straggler"


@pytest.fixture
async def database(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """Forty messages with a common word, one with a rare one, and one that is not folded."""
    monkeypatch.setattr("lyftr_sql.search_plan.FEW", 2)
    async with open_database() as database:
        await database.add(_message(n, f"{_COMMON} {n}") for n in range(40))
        await database.add([_message(40, f"{_COMMON} {_RARE}")])
        await database.fold()
        await database.add([_message(41, f"{_COMMON} {_LATE}")])
        yield database


def _message(number: int, text: str) -> Message:
    return Message(
        message_id=f"m{number}",
        sender="+10" if number < 30 else f"+1{number}",
        recipient="+20" if number < 4 else "+21",
        ts=NOW,
        text=text,
    )


async def _take(database: Database, query: MessageFilter, limit: int = 1) -> tuple[str, str, int]:
    """Return what is walked, what counts, and the total."""
    async with database.reading.connect() as connection:
        search, selection = SqliteSearch(), Selection(filter=query, limit=limit)
        way = await search.find_way(connection, query)
        chosen = await search.plan(connection, selection, way)
        assert isinstance(chosen.path, AccessPath)
        total = (await connection.execute(select(chosen.total))).scalar_one()
    counted = str(chosen.total)
    names = [n for n in (*NAMES, "totals", "counts_by_sender") if f"FROM {n} " in counted + " "]
    return str(chosen.path.place[0].table), " ".join(names), total


async def test_a_rare_word_is_found_by_the_index(database: Database) -> None:
    assert await _take(database, MessageFilter(q=_RARE)) == ("messages", "search", 1)


async def test_a_word_that_is_not_folded_yet_is_found_beside_the_index(database: Database) -> None:
    assert await _take(database, MessageFilter(q=_LATE)) == ("messages", "search", 1)


async def test_a_common_word_is_met_on_the_way_and_counted_by_the_index(
    database: Database,
) -> None:
    assert await _take(database, MessageFilter(q=_COMMON)) == ("messages_by_ts", "search", 42)


async def test_a_page_as_long_as_the_log_is_found_by_the_index(database: Database) -> None:
    assert await _take(database, MessageFilter(q=_COMMON), 100) == ("messages", "search", 42)


async def test_few_messages_are_looked_at_one_by_one(database: Database) -> None:
    query = MessageFilter(sender="+135", q=_COMMON)
    assert await _take(database, query) == ("messages_by_sender", "messages_by_sender", 1)


async def test_a_text_too_short_for_the_index_is_looked_for_one_by_one(database: Database) -> None:
    query = MessageFilter(q=_COMMON[:2])
    assert await _take(database, query) == ("messages_by_ts", "messages_by_ts", 42)


@pytest.mark.parametrize(
    ("sender", "recipient", "walked", "total"),
    [
        ("+10", "+20", "messages_by_recipient", 4),
        ("+10", "+21", "messages_by_sender", 26),
        ("+135", "+21", "messages_by_sender", 1),
        ("+10", "+99", "messages_by_recipient", 0),
        ("+99", "+21", "messages_by_sender", 0),
    ],
)
async def test_of_two_numbers_the_one_with_fewer_messages_is_walked(
    database: Database, sender: str, recipient: str, walked: str, total: int
) -> None:
    query = MessageFilter(sender=sender, recipient=recipient)
    assert await _take(database, query) == (walked, walked, total)


async def test_a_page_of_a_common_word_without_a_total_asks_the_index_for_nothing(
    database: Database,
) -> None:
    database.plain.execute("DROP TABLE search")
    selection = Selection(filter=MessageFilter(q=_COMMON), limit=5, with_total=False)
    assert len((await database.reader.select(selection)).messages) == 5


async def test_which_of_two_numbers_is_walked_is_asked_once_for_a_search(
    database: Database,
) -> None:
    asked: list[str] = []

    @event.listens_for(database.reading.sync_engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, sql: str, *_: object) -> None:
        if "counts_by_sender" in sql and "counts_by_recipient" in sql:
            asked.append(sql)

    query = MessageFilter(sender="+10", recipient="+21", q=_COMMON)
    found = await database.reader.select(Selection(filter=query, limit=100))
    assert found.total == len(found.messages) == 26
    assert len(asked) == 1
