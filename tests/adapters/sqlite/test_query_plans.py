"""What SQLite does for each reading: it goes to the right place in a list, and reads no table."""

import re
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event

from lyftr_core import MessageFilter, Order, Position, Selection
from tests.support.sqlite_files import Database, insert_many, open_database

_MIDDLE = datetime(1970, 1, 1, 0, 2, 3, 456_789, tzinfo=UTC)
_TAIL = "SEARCH messages USING INTEGER PRIMARY KEY (rowid>?)"
_CONTENT = "SEARCH messages USING INTEGER PRIMARY KEY (rowid=?)"
_SENT, _RECEIVED = MessageFilter(sender="+13"), MessageFilter(recipient="+23")
_SINCE = MessageFilter(since=_MIDDLE)
_BETWEEN = MessageFilter(since=_MIDDLE, until=datetime(1970, 1, 1, 0, 5, tzinfo=UTC))
_SENT_SINCE = MessageFilter(sender="+13", since=_MIDDLE)

Plans = list[list[str]]
Explain = Callable[[Coroutine[Any, Any, object]], Coroutine[Any, Any, Plans]]


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    """A few hundred messages, of which a part is not folded yet."""
    async with open_database() as database:
        insert_many(database.plain, 300)
        await database.fold(limit=250)
        yield database


@pytest.fixture
def explain(database: Database) -> Explain:
    """Returns a coroutine function that gives SQLite's plan of each statement of a reading."""
    ran: list[tuple[str, Any]] = []

    @event.listens_for(database.reading.sync_engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, sql: str, values: object, *_: object) -> None:
        ran.append((sql, values))

    async def run(reading: Coroutine[Any, Any, object]) -> Plans:
        ran.clear()
        await reading
        explained = [(f"EXPLAIN QUERY PLAN {sql}", values) for sql, values in ran if sql != "BEGIN"]
        return [
            [str(detail) for *_, detail in database.plain.execute(sql, values)]
            for sql, values in explained
        ]

    return run


def _whole_tables(plans: Plans) -> set[str]:
    """Return the tables that are read from one end, all of them perhaps."""
    found = {re.match(r"SCAN (\w+)", step) for plan in plans for step in plan}
    names = {match[1] for match in found if match}
    return {name for name in names if name != "tail" and not name.startswith(("anon", "CONSTANT"))}


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize(
    ("query", "walk"),
    [
        (MessageFilter(), "SCAN messages_by_ts"),
        (_SENT, "SEARCH messages_by_sender USING PRIMARY KEY (sender=?)"),
        (_RECEIVED, "SEARCH messages_by_recipient USING PRIMARY KEY (recipient=?)"),
        (_SINCE, "SEARCH messages_by_ts USING PRIMARY KEY (ts>?)"),
        (_BETWEEN, "SEARCH messages_by_ts USING PRIMARY KEY (ts>? AND ts<?)"),
        (_SENT_SINCE, "SEARCH messages_by_sender USING PRIMARY KEY (sender=? AND ts>?)"),
    ],
)
async def test_a_page_is_merged_from_its_list_and_the_tail(
    database: Database, explain: Explain, query: MessageFilter, walk: str, order: Order
) -> None:
    selection = Selection(filter=query, order=order, limit=50, with_total=False)
    (plan,) = await explain(database.reader.select(selection))
    assert "MERGE (UNION ALL)" in plan
    assert walk in plan[: plan.index("RIGHT")]
    assert _TAIL in plan[plan.index("RIGHT") :]
    assert plan.count(_CONTENT) == 1  # of the page alone
    assert _whole_tables([plan]) <= {"messages_by_ts"}
    # Only the tail and the page are sorted: they are short.
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan[: plan.index("RIGHT")]


@pytest.mark.parametrize(("order", "bound"), [(Order.ASCENDING, ">"), (Order.DESCENDING, "<")])
async def test_a_page_behind_a_cursor_begins_at_its_place(
    database: Database, explain: Explain, order: Order, bound: str
) -> None:
    place = Position(_MIDDLE, "many-100")
    for query, walk in (
        (MessageFilter(), rf"messages_by_ts .*message_id\){bound}"),
        (_SENT, rf"messages_by_sender .*\(sender=\? AND ts{bound}\?\)"),
        (_RECEIVED, rf"messages_by_recipient .*\(recipient=\? AND ts{bound}\?\)"),
    ):
        selection = Selection(filter=query, order=order, limit=50, after=place, with_total=False)
        (plan,) = await explain(database.reader.select(selection))
        assert "MERGE (UNION ALL)" in plan
        assert any(re.search(f"SEARCH {walk}", step) for step in plan), plan
        assert "USE TEMP B-TREE FOR ORDER BY" not in plan[: plan.index("RIGHT")]
        assert _whole_tables([plan]) == set()


@pytest.mark.parametrize("query", [MessageFilter(), _SENT, _RECEIVED, _SINCE, _BETWEEN])
async def test_a_total_comes_from_the_counts_and_the_tail(
    database: Database, explain: Explain, query: MessageFilter
) -> None:
    _, plan = await explain(database.reader.select(Selection(filter=query, limit=50)))
    lists = [step for step in plan if "messages_by" in step]
    # At most the two minutes that the period cuts are counted one by one.
    assert len(lists) <= 2
    assert all("(ts>? AND ts<?)" in step for step in lists)
    assert any("counts_by_" in step or "totals" in step for step in plan)
    assert all(step == _TAIL for step in plan if " messages " in step)
    assert _whole_tables([plan]) == set()


async def test_a_count_along_a_list_by_number_reads_nothing_else_of_the_log_but_the_tail(
    database: Database, explain: Explain
) -> None:
    _, plan = await explain(database.reader.select(Selection(filter=_SENT_SINCE, limit=50)))
    assert "SEARCH messages_by_sender USING PRIMARY KEY (sender=? AND ts>?)" in plan
    assert all(step == _TAIL for step in plan if " messages " in step)
    assert _whole_tables([plan]) == set()


async def test_one_message_is_found_by_its_identifier(database: Database, explain: Explain) -> None:
    (plan,) = await explain(database.reader.get("many-7"))
    (step,) = plan
    assert re.fullmatch(r"SEARCH messages USING INDEX \w+ \(message_id=\?\)", step)


async def test_the_statistics_read_no_whole_table(database: Database, explain: Explain) -> None:
    plans = await explain(database.reader.stats())
    steps = [step for plan in plans for step in plan]
    # The ten busiest come from the end of their index.
    busiest = "SCAN counts_by_sender USING COVERING INDEX busiest_senders"
    assert steps.count(busiest) == 1
    assert _whole_tables([[step for step in steps if step != busiest]]) == set()
    assert all(step == _TAIL for step in steps if " messages " in step)
    assert steps.count("SEARCH messages_by_ts USING PRIMARY KEY") == 2  # first and last


async def test_the_busiest_come_from_the_end_of_their_index_alone(
    database: Database, explain: Explain
) -> None:
    _, plan, _ = await explain(database.reader.stats())
    scan = plan.index("SCAN counts_by_sender USING COVERING INDEX busiest_senders")
    assert plan[scan - 1].startswith("CO-ROUTINE")
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan[: plan.index("UNION ALL")]


async def test_a_rare_word_is_looked_up_and_its_finds_alone_are_read(
    database: Database, explain: Explain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lyftr_sql.search_plan.FEW", 2)
    monkeypatch.setattr("lyftr_sql.search_plan.AHEAD", 5)
    query = MessageFilter(q="hello 237")
    plans = await explain(database.reader.select(Selection(filter=query, limit=50)))
    page, total = plans[-2:]
    for plan in (page, total):
        assert any(step.startswith("SCAN search VIRTUAL TABLE") for step in plan)
        assert {s for s in plan if " messages " in s} == {_TAIL, _CONTENT}
        assert _whole_tables([plan]) == {"search"}
