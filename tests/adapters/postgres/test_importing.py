"""What comes from elsewhere goes into the log by the rules of webhooks, and keeps its place."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TypeVar

import psycopg
import pytest

from lyftr_core import AddOutcome, LogSelection, MessageFilter, StoredMessage
from lyftr_core.message import MAX_KEPT_SEQ, MAX_SEQ_IN_FILES, Record
from lyftr_core.testing.strategies.samples import NOON, sample
from lyftr_postgres import PostgresStore
from lyftr_postgres.connection.log_order import PLACES
from lyftr_postgres.connection.url import parse_database_url
from lyftr_postgres.maintenance.importer import open_importer
from lyftr_postgres.projections.follower import LONG_TAIL
from tests.adapters.postgres.conftest import NewDatabase

LATER = NOON + timedelta(hours=1)
CREATED, DUPLICATE, CONFLICT = AddOutcome
T = TypeVar("T")


def record(name: str, seq: int | None = None, text: str = "hello") -> Record:
    return Record(message=sample(name, text=text), received_at=NOON, seq=seq)


def take_in(url: str, *records: Record) -> list[AddOutcome]:
    with open_importer(parse_database_url(url)) as importer:
        outcomes = importer.add(records, received_at=LATER)
        importer.finish()
        return outcomes


def places(url: str) -> dict[str, int]:
    with psycopg.connect(url) as connection:
        return dict(connection.execute("SELECT message_id, seq FROM messages ORDER BY seq"))


async def in_thread(work: Callable[[], T]) -> T:
    return await asyncio.to_thread(work)


def test_an_empty_log_takes_over_every_seq(postgres_url: str) -> None:
    assert take_in(postgres_url, record("a", 3), record("b", 4), record("c", 900)) == [CREATED] * 3
    assert places(postgres_url) == {"a": 3, "b": 4, "c": 900}


def test_a_seq_that_the_log_has_passed_is_never_used_again(postgres_url: str) -> None:
    take_in(postgres_url, record("a", 5))
    take_in(postgres_url, record("b", 2), record("c", 5), record("d", 6), record("e", 20))
    assert places(postgres_url) == {"a": 5, "b": 6, "c": 7, "d": 8, "e": 20}
    take_in(postgres_url, record("f", 19), record("g"))
    assert list(places(postgres_url)) == ["a", "b", "c", "d", "e", "f", "g"]


@pytest.mark.parametrize("seq", [1, MAX_KEPT_SEQ, MAX_KEPT_SEQ + 1, MAX_SEQ_IN_FILES])
async def test_no_record_takes_the_log_beyond_what_can_be_imported_elsewhere(
    postgres_url: str, new_database: NewDatabase, seq: int
) -> None:
    async with PostgresStore(postgres_url) as store:
        await store.writer.add(sample("first"), received_at=NOON)
        batch = record("a", seq), record("b", MAX_SEQ_IN_FILES)
        await in_thread(lambda: take_in(postgres_url, *batch))
        await store.writer.add(sample("last"), received_at=NOON)
    found = places(postgres_url)
    assert list(found) == ["first", "a", "b", "last"]
    assert found["last"] <= MAX_KEPT_SEQ + 1_000 * PLACES  # transactions of whoever else
    with new_database() as elsewhere:
        await in_thread(lambda: take_in(elsewhere, *(record(*place) for place in found.items())))
        assert list(places(elsewhere)) == list(found)
        assert max(places(elsewhere).values()) <= MAX_KEPT_SEQ + len(found)


def test_a_batch_may_hold_an_identifier_twice(postgres_url: str) -> None:
    batch = record("a", 1), record("a", 2), record("a", 3, text="other"), record("b", 4)
    assert take_in(postgres_url, *batch) == [CREATED, DUPLICATE, CONFLICT, CREATED]
    assert take_in(postgres_url, *batch) == [DUPLICATE, DUPLICATE, CONFLICT, DUPLICATE]
    assert places(postgres_url) == {"a": 1, "b": 4}


async def test_conflicts_and_times_are_those_of_the_record(postgres_url: str) -> None:
    batch = record("a", 1), record("a", 2, text="other"), Record(message=sample("now"))
    await in_thread(lambda: take_in(postgres_url, *batch))
    async with PostgresStore(postgres_url) as store:
        (found,) = await store.reader.conflicts(10)
        assert (found.fields, found.deliveries, found.first_received_at) == (("text",), 1, NOON)
        assert [stored.received_at for stored in await log(store)] == [NOON, LATER]


async def test_a_reader_who_follows_misses_nothing_and_servers_go_on_behind(
    postgres_url: str,
) -> None:
    async with PostgresStore(postgres_url) as store:
        seen = await log(store)
        for turn in range(5):
            batch = record(f"near {turn}", turn + 1), record(f"far {turn}", 2**40 * (turn + 1))
            await in_thread(partial(take_in, postgres_url, *batch))
            seen += await log(store, after=seen[-1].seq if seen else 0)
            await store.writer.add(sample(f"webhook {turn}"), received_at=NOON)
            seen += await log(store, after=seen[-1].seq)
        assert seen == await log(store)
        assert len(seen) == 15
        assert [s.message.message_id.split()[0] for s in seen] == ["near", "far", "webhook"] * 5
        assert (await store.reader.stats()).total_messages == 15


async def test_webhooks_and_an_import_at_once_store_everything_once(postgres_url: str) -> None:
    async with PostgresStore(postgres_url) as store:

        async def deliver() -> list[AddOutcome]:
            some = (sample(f"m{number}") for number in range(0, 2_000, 2))
            return [await store.writer.add(m, received_at=NOON) for m in some]

        def bring() -> list[AddOutcome]:
            outcomes: list[AddOutcome] = []
            with open_importer(parse_database_url(postgres_url)) as importer:
                for start in range(0, 2_000, 100):
                    batch = [
                        record(f"m{n}", 10**12 + n, "Hello") for n in range(start, start + 100)
                    ]
                    outcomes += importer.add(batch, received_at=LATER)
            return outcomes

        delivered, brought = await asyncio.gather(deliver(), in_thread(bring))
        assert delivered.count(CREATED) + brought.count(CREATED) == 2_000
        found = await log(store)
        assert len({stored.message.message_id for stored in found}) == len(found) == 2_000


def test_the_counts_follow_a_long_import(postgres_url: str) -> None:
    with open_importer(parse_database_url(postgres_url)) as importer:
        for start in range(0, LONG_TAIL + 1_000, 1_000):
            batch = [record(f"m{n}", n + 1) for n in range(start, start + 1_000)]
            importer.add(batch, received_at=LATER)
        with psycopg.connect(postgres_url) as connection:
            row = connection.execute("SELECT value FROM totals WHERE name = 'messages'").fetchone()
    assert row
    assert row[0] >= LONG_TAIL


async def log(store: PostgresStore, after: int = 0) -> list[StoredMessage]:
    selection = LogSelection(filter=MessageFilter(), after=after, limit=5_000)
    return list((await store.reader.read_log(selection)).messages)
