"""Removing at any moment, with projections at any point of the log: all still fits together."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lyftr_core import (
    AddOutcome,
    InMemoryMessageRepository,
    MessageFilter,
    Removal,
    RemovalStep,
    RemoveMessages,
    Selection,
)
from lyftr_core.testing.strategies.samples import NOON, sample
from lyftr_sql.remover import StepSize
from lyftr_sqlite import SqliteStore, check, rebuild
from lyftr_sqlite.maintenance.erasing import erase
from tests.support import upgraded_databases as examples
from tests.support.examples import example_count
from tests.support.sqlite_files import NAMES, NOW, Database, event_loop, insert_many, open_database
from tests.support.stored import assert_nothing_wrong

_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.lists(examples.new_messages, min_size=1, max_size=6)),
        st.tuples(st.just("fold"), st.sets(st.sampled_from(NAMES), min_size=1)),
        st.tuples(st.just("remove"), st.sampled_from(examples.NUMBERS)),
    ),
    max_size=12,
)


async def _remove(database: Database, number: str) -> int:
    query = """SELECT seq FROM messages
        WHERE content_hash IS NULL AND (sender = :number OR recipient = :number)"""
    seqs = [seq for (seq,) in database.plain.execute(query, {"number": number})]
    if not seqs:
        return 0
    async with database.writing.open() as connection:
        return await erase(connection, seqs)


async def _compare(database: Database, reference: InMemoryMessageRepository) -> None:
    reader = database.reader
    assert await reader.stats() == await reference.stats()
    known = [None, *examples.NUMBERS]
    for query in [
        *(MessageFilter(sender=number) for number in known),
        *(MessageFilter(recipient=number) for number in examples.NUMBERS),
        MessageFilter(q=examples.COMMON),
        MessageFilter(q="ss"),
        MessageFilter(since=examples.BORDER_MOMENTS[len(examples.BORDER_MOMENTS) // 2]),
    ]:
        found = await reader.select(Selection(filter=query, limit=1_000))
        expected = await reference.select(Selection(filter=query, limit=1_000))
        assert found.total == expected.total
        assert [s.message for s in found.messages] == [s.message for s in expected.messages]


@given(steps=_STEPS)
@settings(max_examples=example_count(40), deadline=None)
def test_answers_are_those_of_memory_whatever_is_removed_and_folded_when(
    steps: list[tuple[str, object]],
) -> None:
    async def run() -> None:
        reference = InMemoryMessageRepository()
        async with open_database() as database:
            for kind, value in steps:
                match kind, value:
                    case "add", list(messages):
                        await database.add(messages)
                        for message in messages:
                            await reference.add(message, received_at=NOW)
                    case "fold", set(names):
                        await database.fold(names)
                    case "remove", str(number):
                        removed = await _remove(database, number)
                        assert removed == await RemoveMessages(reference)(Removal(number=number))
                await _compare(database, reference)
            path = database.path
            assert_nothing_wrong(path)

    with event_loop() as work:
        work(run())


async def test_removing_what_is_removed_already_changes_nothing() -> None:
    async with open_database() as database:
        insert_many(database.plain, 10)
        await database.fold()
        for expected in (3, 0):
            async with database.writing.open() as connection:
                assert await erase(connection, [2, 4, 6]) == expected
        assert_nothing_wrong(database.path)


async def test_a_row_that_is_no_valid_message_can_be_removed_too(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(
            """INSERT INTO messages (message_id, sender, recipient, ts, text, received_at)
            VALUES ('m1', CAST(x'ff' AS TEXT), '', 'never', CAST(x'c3' AS TEXT), 0)"""
        )
    async with SqliteStore(f"sqlite:///{path}") as store:
        removed = await RemoveMessages(store.remover)(Removal(received_before=NOON))
        assert removed == 1
        assert await store.writer.add(sample("m1"), received_at=NOON) is AddOutcome.CONFLICT
    assert [f for f in check(path) if f.subject in {"messages", "conflicts"} and f.faults] == []


async def test_a_long_log_is_removed_in_many_steps_and_rebuilt_without_it(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        insert_many(database, 3_000)
    steps: list[RemovalStep] = []
    async with SqliteStore(f"sqlite:///{path}") as store:
        removal = Removal(received_before=datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
        assert await RemoveMessages(store.remover)(removal, steps.append) == 3_000
        assert len(steps) > 3
        assert steps[-1].through == steps[-1].last == 3_000
        await store.writer.add(sample(), received_at=NOON)
    assert await asyncio.to_thread(rebuild, path) == 3_001
    assert_nothing_wrong(path)
    async with SqliteStore(f"sqlite:///{path}").reading() as store:
        assert (await store.reader.stats()).total_messages == 1


@pytest.mark.parametrize(
    ("change", "subject"),
    [
        ("UPDATE messages SET sender = '+12' WHERE seq = 2", "messages"),
        ("UPDATE messages SET text = 'x' WHERE seq = 2", "messages"),
        ("UPDATE messages SET content_hash = -1 WHERE seq = 2", "messages"),
        ("INSERT INTO messages_by_ts VALUES (0, 'many-2', 2)", "messages_by_ts"),
        ("UPDATE totals SET value = value + 1 WHERE name = 'messages'", "totals"),
        ("INSERT INTO conflicts VALUES ('many-1', '', 0, 0, 1)", "conflicts"),
    ],
)
async def test_check_finds_what_is_wrong_with_a_removed_message(change: str, subject: str) -> None:
    async with open_database() as database:
        insert_many(database.plain, 3)
        await database.fold()
        async with database.writing.open() as connection:
            await erase(connection, [2])
        database.plain.execute(change)
        assert [finding.subject for finding in check(database.path) if finding.faults] == [subject]


def test_steps_become_as_long_as_they_should_be_and_no_longer() -> None:
    step_size = StepSize(10, 1_000)
    for _ in range(20):
        step_size.note(
            step_size.at_once, step_size.at_once * timedelta(microseconds=50).total_seconds()
        )
    assert step_size.at_once == 200
    step_size.note(step_size.at_once, 10.0)
    assert step_size.at_once == 100
    for _ in range(20):
        step_size.note(step_size.at_once, 10.0)
    assert step_size.at_once == 10
    for _ in range(20):
        step_size.note(step_size.at_once, 0.0)
    assert step_size.at_once == 1_000


async def test_gaps_of_any_size_are_passed_in_one_step(path: Path) -> None:
    far = 2**52
    async with SqliteStore(f"sqlite:///{path}") as store:
        with closing(sqlite3.connect(path, isolation_level=None)) as plain:
            insert_many(plain, 4)
            plain.execute("UPDATE messages SET seq = seq + ? WHERE seq > 2", [far])
        steps: list[RemovalStep] = []
        removal = Removal(received_before=NOON)
        assert await RemoveMessages(store.remover)(removal, steps.append) == 4
        assert [step.through for step in steps] == [2, far + 2, far + 4]
        assert await RemoveMessages(store.remover)(removal, steps.append) == 0
    assert_nothing_wrong(path)
