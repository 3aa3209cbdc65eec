"""Runs of the log from SQLite: a bounded look, whatever the filter and whatever the gaps."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import event

from lyftr_core import LogRun, LogSelection, MessageFilter
from lyftr_core.use_cases.follow import MAX_SEQ
from lyftr_sql.reader import LOOKED_AT
from tests.support.sqlite_files import Database, insert_many, open_database

_NOBODY = MessageFilter(sender="+999999")
_MANY = 2 * LOOKED_AT + 5


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    """More messages than one look takes in, twice."""
    async with open_database() as database:
        insert_many(database.plain, _MANY)
        yield database


async def read(
    database: Database, after: int, query: MessageFilter | None = None, limit: int = 100
) -> LogRun:
    selection = LogSelection(filter=query or MessageFilter(), after=after, limit=limit)
    return await database.reader.read_log(selection)


async def test_filter_that_nothing_passes_is_told_how_far_it_looked(database: Database) -> None:
    looks = [await read(database, 0, _NOBODY)]
    while looks[-1].has_more:
        looks.append(await read(database, looks[-1].through, _NOBODY))
    assert [run.messages for run in looks] == [()] * 3
    assert [run.through for run in looks] == [LOOKED_AT, 2 * LOOKED_AT, _MANY]


async def test_gap_of_any_size_is_passed_in_one_look(database: Database) -> None:
    database.plain.execute("DELETE FROM messages WHERE seq > 10")
    database.plain.execute("UPDATE messages SET seq = ? WHERE seq = 10", [MAX_SEQ - 1])
    first = await read(database, 0)
    assert ([stored.seq for stored in first.messages], first.has_more) == ([*range(1, 10)], True)
    second = await read(database, first.through)
    assert [stored.seq for stored in second.messages] == [MAX_SEQ - 1]
    assert (second.through, second.has_more) == (MAX_SEQ - 1, False)
    assert await database.reader.last_seq() == MAX_SEQ - 1


async def test_run_may_be_longer_than_a_page(database: Database) -> None:
    run = await read(database, 3, limit=1_000)
    assert [stored.seq for stored in run.messages] == [*range(4, 1_004)]
    assert (run.through, run.has_more) == (1_003, True)


async def test_log_is_walked_by_its_key_and_no_other_way(database: Database) -> None:
    plans: list[str] = []

    @event.listens_for(database.reading.sync_engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, sql: str, values: Any, *_: object) -> None:  # noqa: ANN401 - SQLAlchemy has no name for it
        if sql != "BEGIN":
            explained = database.plain.execute(f"EXPLAIN QUERY PLAN {sql}", values)
            plans.extend(str(detail) for *_, detail in explained)

    await read(database, 7, MessageFilter(sender="+13", recipient="+23", q="abc"))
    await read(database, _MANY)
    assert set(plans) == {
        "SEARCH messages USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
        "SEARCH messages USING INTEGER PRIMARY KEY (rowid>?)",
        "SEARCH messages",  # its end
    }
