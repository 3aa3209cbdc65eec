"""Writers that stall between their insert and their commit: whoever follows the log waits."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lyftr_core import LogSelection
from lyftr_core.selection import MessageFilter
from lyftr_core.testing.strategies.samples import NOON, sample
from lyftr_postgres import PostgresMessageReader, PostgresStore
from lyftr_postgres.connection.log_order import SEQ
from tests.adapters.postgres.conftest import NewDatabase
from tests.support.examples import example_count

_INSERT = f"""INSERT INTO messages (message_id, sender, recipient, ts, text, received_at, seq)
    VALUES (%s, '+12', '+13', 0, 'stalled', 0, {SEQ} + %s)"""  # noqa: S608 - of a constant
_HANGS = 60.0


@pytest.fixture
async def store(postgres_url: str) -> AsyncIterator[PostgresStore]:
    async with PostgresStore(postgres_url) as store:
        yield store


class Writer:
    """A transaction of somebody who adds to the log, step by step."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url)
        self._place = 0

    def insert(self, message_id: str) -> None:
        self._place += 1
        self._connection.execute(_INSERT, [message_id, self._place])

    def commit(self) -> None:
        self._connection.commit()
        self._place = 0

    def roll_back(self) -> None:
        self._connection.rollback()
        self._place = 0

    def close(self) -> None:
        self._connection.close()


@contextmanager
def writer(url: str) -> Iterator[Writer]:
    found = Writer(url)
    try:
        yield found
    finally:
        found.close()


@contextmanager
def transaction(url: str, *statements: str) -> Iterator[psycopg.Connection[Any]]:
    """A transaction that stays open, and has a number where it has written."""
    with psycopg.connect(url) as connection:
        for statement in statements:
            connection.execute(statement)
        yield connection
        connection.rollback()


async def read(reader: PostgresMessageReader, after: int = 0) -> tuple[list[str], int]:
    """Return what the log has, and where to go on."""
    run = await reader.read_log(LogSelection(filter=MessageFilter(), after=after, limit=1_000))
    assert not run.has_more
    return [stored.message.message_id for stored in run.messages], run.through


async def test_a_later_message_waits_for_an_earlier_one_that_is_not_committed(
    store: PostgresStore, postgres_url: str
) -> None:
    await store.writer.add(sample("before"), received_at=NOON)
    before = await store.reader.last_seq()
    with writer(postgres_url) as stalled:
        stalled.insert("stalled")
        await store.writer.add(sample("after"), received_at=NOON)
        assert await read(store.reader) == (["before"], before)
        assert await store.reader.last_seq() == before
        # Acknowledged it is, and everywhere else it shows.
        assert await store.reader.get("after") is not None
        assert (await store.reader.stats()).total_messages == 2
        stalled.commit()
    assert (await read(store.reader))[0] == ["before", "stalled", "after"]
    assert (await read(store.reader, before))[0] == ["stalled", "after"]


async def test_one_that_is_rolled_back_holds_up_nothing_any_more(
    store: PostgresStore, postgres_url: str
) -> None:
    with writer(postgres_url) as stalled:
        stalled.insert("stalled")
        await store.writer.add(sample("after"), received_at=NOON)
        assert (await read(store.reader))[0] == []
        stalled.roll_back()
        assert (await read(store.reader))[0] == ["after"]


async def test_a_writer_whose_connection_is_lost_holds_up_nothing_any_more(
    store: PostgresStore, postgres_url: str
) -> None:
    with writer(postgres_url) as stalled:
        stalled.insert("stalled")
        await store.writer.add(sample("after"), received_at=NOON)
        assert (await read(store.reader))[0] == []
    async with asyncio.timeout(_HANGS):
        while (await read(store.reader))[0] != ["after"]:
            pass  # to read is a pause


async def test_the_counts_wait_for_a_stalled_writer_and_are_exact(
    store: PostgresStore, postgres_url: str
) -> None:
    with writer(postgres_url) as stalled:
        stalled.insert("stalled")
        for number in range(5):
            await store.writer.add(sample(f"m{number}"), received_at=NOON)
            await store._follower.fold_all()
        stalled.commit()
    await store._follower.fold_all()
    assert (await store.reader.stats()).total_messages == 6


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE other (id bigint)", "INSERT INTO other VALUES (1)"],
        ["SELECT pg_current_xact_id()", "SELECT count(*) FROM messages"],
        ["SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT count(*) FROM messages"],
        ["INSERT INTO conflicts VALUES ('m', 'text', 0, 0, 1)"],
    ],
    ids=["another table", "a number and a look", "a snapshot", "conflicts"],
)
async def test_a_long_transaction_that_adds_nothing_does_not_hold_up_the_log(
    store: PostgresStore, postgres_url: str, statements: list[str]
) -> None:
    with transaction(postgres_url, *statements):
        await store.writer.add(sample("m1"), received_at=NOON)
        assert (await read(store.reader))[0] == ["m1"]
        await store._follower.fold_all()
        assert (await store.reader.stats()).total_messages == 1


async def test_a_writer_of_another_database_does_not_hold_up_the_log(
    store: PostgresStore, new_database: NewDatabase
) -> None:
    with new_database() as other:
        async with PostgresStore(other):
            with writer(other) as stalled:
                stalled.insert("elsewhere")
                await store.writer.add(sample("m1"), received_at=NOON)
                assert (await read(store.reader))[0] == ["m1"]


async def test_one_that_has_its_number_before_it_comes_to_the_log_is_not_skipped(
    store: PostgresStore, postgres_url: str
) -> None:
    """Not as our servers do it: its lock on the table comes after its number."""
    with transaction(postgres_url, "SELECT pg_current_xact_id()") as early:
        early.execute(_INSERT, ["early", 1])
        await store.writer.add(sample("later"), received_at=NOON)
        assert (await read(store.reader))[0] == []
        early.commit()
    assert (await read(store.reader))[0] == ["early", "later"]


_STEPS = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["insert", "insert", "commit", "roll back"])),
    max_size=24,
)


@given(_STEPS)
@settings(
    max_examples=example_count(25),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_however_writers_interleave_a_follower_gets_each_message_once_in_order(
    new_database: NewDatabase, steps: list[tuple[int, str]]
) -> None:
    with new_database() as url:
        asyncio.run(_follow(url, steps))


async def _follow(url: str, steps: list[tuple[int, str]]) -> None:
    got: list[str] = []
    position = 0
    inserted: dict[int, list[str]] = {number: [] for number in range(4)}
    committed: set[str] = set()
    async with PostgresStore(url) as store:
        with ExitStack() as stack:
            writers = [stack.enter_context(writer(url)) for _ in range(4)]
            for count, (number, step) in enumerate([*steps, *((n, "commit") for n in range(4))]):
                match step:
                    case "insert":
                        writers[number].insert(f"m{count}")
                        inserted[number].append(f"m{count}")
                    case "commit":
                        writers[number].commit()
                        committed.update(inserted[number])
                        inserted[number] = []
                    case _:
                        writers[number].roll_back()
                        inserted[number] = []
                new, through = await read(store.reader, position)
                assert through >= position
                assert await store.reader.last_seq() >= max(through, position)
                got, position = got + new, through
        everything, _ = await read(store.reader)
    assert got == everything
    assert sorted(got) == sorted(committed)
