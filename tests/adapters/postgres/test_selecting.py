"""Every way to the messages of a selection gives the same answer, and no query goes a long one."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_core import MessageFilter, MessageReader, MessageWriter, Order, Position, Selection
from lyftr_core.testing.contract.comparison import ComparisonContract
from lyftr_core.testing.contract.filtering import FilteringContract
from lyftr_core.testing.contract.paging import PagingContract
from lyftr_core.timestamps import to_microseconds
from lyftr_postgres import PostgresStore
from lyftr_postgres.schema.tables import SEARCH_INDEX
from tests.adapters.postgres.conftest import NewDatabase

_NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
_MANY = 60_000
_FILL = """
    INSERT INTO messages (message_id, seq, sender, recipient, ts, text, received_at)
    SELECT 'm' || number, number, '+1' || mod(number, 500), '+2' || mod(number, 3),
        %s + number * 1000000::bigint,
        'hello ' || number || CASE number WHEN 777 THEN ' needle' ELSE ' hay' END, 0
    FROM generate_series(1, %s) AS numbers (number)"""


class TestWithHardlyAnythingWalked(FilteringContract, PagingContract, ComparisonContract):
    """Few messages are many here, so that the search index answers wherever it can."""

    @pytest.fixture(autouse=True)
    def _few(self, monkeypatch: pytest.MonkeyPatch, migrated_database: NewDatabase) -> None:
        monkeypatch.setattr("lyftr_sql.search_plan.FEW", 2)
        monkeypatch.setattr("lyftr_sql.search_plan.AHEAD", 1)
        self._new_database = migrated_database

    @asynccontextmanager
    async def open_repository(self) -> AsyncGenerator[tuple[MessageWriter, MessageReader]]:
        with self._new_database() as url:
            async with PostgresStore(url) as store:
                yield store.writer, store.reader


class TestWithoutSearchIndex(FilteringContract, PagingContract, ComparisonContract):
    """pg_trgm is not there, or not for this user."""

    @pytest.fixture(autouse=True)
    def _without(self, new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(
            "lyftr_postgres.schema.migrate.make_search_index", lambda *_, **__: False
        )
        self._new_database = new_database

    @asynccontextmanager
    async def open_repository(self) -> AsyncGenerator[tuple[MessageWriter, MessageReader]]:
        with self._new_database() as url:
            async with PostgresStore(url) as store:
                yield store.writer, store.reader


Plans = Callable[[Coroutine[Any, Any, object]], Coroutine[Any, Any, str]]


@pytest.fixture
async def store(postgres_url: str) -> AsyncIterator[PostgresStore]:
    """So many messages that to read them all would be the longer way; folded and analysed."""
    async with PostgresStore(postgres_url) as store:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(_FILL, [to_microseconds(_NOON), _MANY])
        await store._follower.fold_all()
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
        yield store


@pytest.fixture
def explain(store: PostgresStore, postgres_url: str) -> Iterator[Plans]:
    """Returns a coroutine function that gives the plans of the statements of a reading."""
    ran: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, sql: str, values: object, *_: object) -> None:
        ran.append((sql, values))

    engine = store._engines[0].sync_engine
    event.listen(engine, "before_cursor_execute", note)

    async def run(reading: Coroutine[Any, Any, object]) -> str:
        ran.clear()
        await reading
        with psycopg.connect(postgres_url, autocommit=True, prepare_threshold=None) as connection:
            return "\n".join(
                str(line[0])
                for sql, values in ran
                for line in connection.execute(f"EXPLAIN {sql}".encode(), values).fetchall()
            )

    yield run
    event.remove(engine, "before_cursor_execute", note)


_PAGE = Selection(filter=MessageFilter(), limit=51)
_MIDDLE = Position(_NOON + timedelta(seconds=_MANY // 2), "m")


@pytest.mark.parametrize(
    ("selection", "index"),
    [
        (_PAGE, "messages_by_ts"),
        (Selection(filter=MessageFilter(), limit=51, order=Order.DESCENDING), "messages_by_ts"),
        (Selection(filter=MessageFilter(), limit=51, after=_MIDDLE), "messages_by_ts"),
        (Selection(filter=MessageFilter(sender="+17"), limit=51), "messages_by_sender"),
        (
            Selection(filter=MessageFilter(sender="+17", since=_MIDDLE.ts), limit=51),
            "messages_by_sender",
        ),
        (Selection(filter=MessageFilter(since=_MIDDLE.ts), limit=51), "messages_by_ts"),
        (Selection(filter=MessageFilter(q="needle"), limit=51), SEARCH_INDEX),
        (Selection(filter=MessageFilter(q="hello"), limit=51, with_total=False), "messages_by_ts"),
    ],
)
async def test_a_page_and_its_total_read_no_whole_table(
    store: PostgresStore, explain: Plans, selection: Selection, index: str
) -> None:
    plans = await explain(store.reader.select(selection))
    assert index in plans, plans
    assert "Seq Scan on messages" not in plans, plans


async def test_statistics_and_the_end_of_the_log_read_no_whole_table(
    store: PostgresStore, explain: Plans
) -> None:
    for reading in (store.reader.stats(), store.reader.last_seq()):
        plans = await explain(reading)
        assert "Seq Scan on messages" not in plans, plans


@pytest.mark.parametrize(
    ("filter_", "index", "for_the_page"),
    [
        (MessageFilter(sender="+17"), "messages_by_sender", 1),
        (MessageFilter(recipient="+21"), "messages_by_recipient", 0),  # a third of all
        (MessageFilter(since=_NOON + timedelta(seconds=_MANY - 600)), "messages_by_ts", 1),
    ],
    ids=["sender", "recipient", "period"],
)
async def test_the_tail_is_found_by_seq_however_few_messages_another_index_would_give(
    store: PostgresStore, explain: Plans, filter_: MessageFilter, index: str, for_the_page: int
) -> None:
    """A busy sender has many, and how long the tail is the planner does not know."""
    plans = await explain(store.reader.select(Selection(filter=filter_, limit=51)))
    assert "messages_by_seq" in plans, plans
    assert plans.count(index) == for_the_page, plans


async def test_a_reading_compiles_nothing_and_starts_no_workers(store: PostgresStore) -> None:
    asked = text(
        "SELECT current_setting('jit'), current_setting('max_parallel_workers_per_gather')"
    )

    async def ask(connection: AsyncConnection) -> tuple[Any, ...]:
        return tuple((await connection.execute(asked)).one())

    assert await store.reader._read(ask) == ("off", "0")
