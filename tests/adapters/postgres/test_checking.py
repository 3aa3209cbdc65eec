"""A check finds what is wrong and nothing else; a rebuild mends what follows the log."""

import asyncio
from datetime import timedelta

import psycopg
import pytest

from lyftr_core import Removal, SchemaMismatch
from lyftr_core.testing.strategies.samples import NOON, sample
from lyftr_postgres import PostgresStore
from lyftr_postgres.connection.url import parse_database_url
from lyftr_postgres.maintenance.check import check
from lyftr_postgres.maintenance.rebuild import rebuild

_PERSON = "+918877665544"
_SPOIL_INDEX = """UPDATE pg_index SET indisvalid = false
    WHERE indexrelid = 'messages_by_ts'::regclass"""

_TAKE_BEYOND = """WITH raised AS (UPDATE log_base SET base = base + (1::bigint << 41))
    UPDATE messages SET seq = seq + (1::bigint << 53)"""


@pytest.fixture
def filled(postgres_url: str) -> str:
    """A database with messages, one of them removed, and conflicts."""

    async def fill() -> None:
        async with PostgresStore(postgres_url) as store:
            for number in range(20):
                message = sample(f"m{number}", text=f"Ä {number}" if number % 3 else None)
                await store.writer.add(message, received_at=NOON + timedelta(hours=number))
            await store.writer.add(sample("gone", sender=_PERSON), received_at=NOON)
            await store.remover.remove(Removal(number=_PERSON), after=0)
            await store.writer.add(sample("m1", text="other"), received_at=NOON)
            await store.writer.add(sample("gone", text="other"), received_at=NOON)

    asyncio.run(fill())
    rebuild(parse_database_url(postgres_url))
    assert faults(postgres_url) == {}
    return postgres_url


def faults(url: str) -> dict[str, tuple[str, ...]]:
    found = check(parse_database_url(url))
    return {finding.subject: finding.faults for finding in found if finding.faults}


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


@pytest.mark.parametrize(
    ("statement", "subject"),
    [
        ("UPDATE messages SET sender = 'x' WHERE message_id = 'm1'", "messages"),
        ("UPDATE messages SET folded = 'x' WHERE message_id = 'm1'", "messages"),
        ("UPDATE messages SET text = 'x' WHERE message_id = 'gone'", "messages"),
        ("UPDATE messages SET content_hash = -1 WHERE message_id = 'gone'", "messages"),
        ("UPDATE messages SET seq = (SELECT min(seq) FROM messages)", "seq"),
        (_TAKE_BEYOND, "seq"),
        ("UPDATE conflicts SET fields = 'x'", "conflicts"),
        ("UPDATE conflicts SET message_id = message_id || 'x'", "conflicts"),
        ("UPDATE conflicts SET deliveries = 0", "conflicts"),
        ("UPDATE conflicts SET last_received_at = first_received_at - 1", "conflicts"),
        ("DELETE FROM projections", "watermark"),
        ("UPDATE projections SET through_seq = through_seq + 1", "watermark"),
        ("UPDATE totals SET value = value + 1 WHERE name = 'senders'", "totals"),
        ("DELETE FROM counts_by_sender", "counts_by_sender"),
        ("UPDATE counts_by_recipient SET messages = 1", "counts_by_recipient"),
        ("UPDATE counts_by_time SET messages = messages + 1", "counts_by_time"),
        (_SPOIL_INDEX, "indexes"),
    ],
)
def test_what_is_wrong_is_found(filled: str, statement: str, subject: str) -> None:
    execute(filled, statement)
    assert subject in faults(filled)


def test_a_log_that_is_ahead_of_its_server_is_refused(filled: str) -> None:
    execute(filled, "UPDATE log_base SET base = -1000000")
    with pytest.raises(SchemaMismatch, match="lyftr migrate"):
        faults(filled)


def test_a_search_index_that_could_be_there_is_missed(filled: str) -> None:
    with psycopg.connect(filled) as connection:
        found = connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'")
        if found.fetchone() is None:
            pytest.skip("pg_trgm is not to be had here")
    execute(filled, "DROP INDEX messages_by_trigrams")
    assert set(faults(filled)) == {"search"}
    rebuild(parse_database_url(filled))
    assert faults(filled) == {}


def test_counts_behind_the_log_are_no_fault(filled: str) -> None:
    execute(filled, "UPDATE totals SET value = 0")
    for table in ("counts_by_sender", "counts_by_recipient", "counts_by_time"):
        execute(filled, f"DELETE FROM {table}")  # noqa: S608 - names of ours
    execute(filled, "UPDATE projections SET through_seq = 0")
    assert faults(filled) == {}


def test_a_rebuild_makes_every_count_anew(filled: str) -> None:
    execute(filled, "UPDATE totals SET value = 7")
    execute(filled, "UPDATE counts_by_sender SET messages = 7")
    execute(filled, "DELETE FROM counts_by_recipient")
    execute(filled, "UPDATE counts_by_time SET messages = 7")
    seen: list[tuple[int, int]] = []
    last = rebuild(parse_database_url(filled), lambda done, whole: seen.append((done, whole)))
    assert seen[-1] == (last, last)
    assert faults(filled) == {}


async def test_beside_a_server_answers_stay_exact(filled: str) -> None:
    async with PostgresStore(filled) as store:
        rebuilding = asyncio.create_task(asyncio.to_thread(rebuild, parse_database_url(filled)))
        number = 0
        while not rebuilding.done() or number < 5:
            await store.writer.add(sample(f"new {number}"), received_at=NOON)
            number += 1
            assert (await store.reader.stats()).total_messages == 20 + number
        await rebuilding
    assert await asyncio.to_thread(faults, filled) == {}


def test_an_empty_database_is_in_order(postgres_url: str) -> None:
    assert rebuild(parse_database_url(postgres_url)) == 0
    assert faults(postgres_url) == {}
