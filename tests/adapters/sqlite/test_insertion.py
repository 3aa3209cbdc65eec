"""A batch in one statement: each row's outcome is what one call after another would have given."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from lyftr_core import AddOutcome, InMemoryMessageRepository, Message, MessageFilter, Selection
from lyftr_sql.rows import to_row
from lyftr_sqlite.writer import LARGEST_BATCH, insert_batch
from tests.support.sqlite_files import event_loop, open_database

NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
ALL = Selection(filter=MessageFilter(), limit=99)


def make(message_id: str, text: str | None = "hello") -> Message:
    return Message(message_id=message_id, sender="+10", recipient="+11", ts=NOW, text=text)


# Few identifiers and few contents, so that batches hold everything that can meet.
some_messages = st.builds(
    make,
    message_id=st.integers(0, 9).map("m{}".format),
    text=st.sampled_from([None, "", "hello", "Straße", "'); DROP TABLE messages; --"]),
)
some_batches = st.lists(st.lists(some_messages, min_size=1, max_size=40), min_size=1, max_size=4)


@given(some_batches)
def test_a_batch_gives_what_one_message_after_another_gives(batches: list[list[Message]]) -> None:
    async def compare() -> None:
        reference = InMemoryMessageRepository()
        async with open_database() as database, database.writing.open() as connection:
            for number, batch in enumerate(batches):
                now = NOW + timedelta(seconds=number)
                outcomes = await insert_batch(connection, [to_row(m, now) for m in batch])
                assert outcomes == [await reference.add(m, received_at=now) for m in batch]
            stored = database.plain.execute("SELECT message_id, text FROM messages ORDER BY seq")
            expected = sorted((await reference.select(ALL)).messages, key=lambda s: s.seq)
            assert stored.fetchall() == [(s.message.message_id, s.message.text) for s in expected]
            assert await database.reader.conflicts(99) == await reference.conflicts(99)

    with event_loop() as run:
        run(compare())


async def test_a_batch_of_any_size_is_stored_whole_and_in_its_order(
    writing_engine: AsyncEngine,
) -> None:
    async with writing_engine.connect() as connection:
        expected = []
        for size in [*range(1, 18), 63, 64, 65, 1_000, 1_025, LARGEST_BATCH]:
            batch = [to_row(make(message_id=f"{size}-{n}"), NOW) for n in range(size)]
            assert await insert_batch(connection, batch) == [AddOutcome.CREATED] * size
            expected += [row.message_id for row in batch]
        found = await connection.exec_driver_sql("SELECT message_id FROM messages ORDER BY seq")
        assert list(found.scalars()) == expected
