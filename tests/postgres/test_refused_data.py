"""What the database does not take is refused by itself, and nothing else with it."""

import asyncio
from collections.abc import Iterator

import pytest
from psycopg import AsyncConnection

from lyftr_core import AddOutcome, MessageFilter, StorageUnavailable
from lyftr_core.errors import DataRefused
from lyftr_core.reading import Selection
from lyftr_core.records import Record
from lyftr_core.testing.samples import NOON, sample
from lyftr_postgres import PostgresStore, connecting, migrate, parse_database_url
from lyftr_postgres.importing import open_importer
from tests.postgresql.database_server import DatabaseServer
from tests.postgresql.pgbouncer import PgBouncer

CREATED, DUPLICATE, _ = AddOutcome
_TRIGGER = """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.message_id = 'bad' THEN {}; END IF; RETURN NEW; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION refuse()"""
CHECK = "ALTER TABLE messages ADD CONSTRAINT fine CHECK (message_id <> 'bad')"


@pytest.fixture
def database(postgres_server: DatabaseServer) -> Iterator[str]:
    with postgres_server.database() as name:
        migrate(parse_database_url(postgres_server.url(name)))
        yield name


async def add_three(store: PostgresStore) -> list[AddOutcome | BaseException]:
    calls = (store.writer.add(sample(name), received_at=NOON) for name in ("a", "bad", "b"))
    return await asyncio.gather(*calls, return_exceptions=True)


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (CHECK, 'violates check constraint "fine"'),
        (_TRIGGER.format("RAISE EXCEPTION 'not this one'"), "not this one"),
        (_TRIGGER.format("PERFORM 1 / 0"), "division by zero"),
        (_TRIGGER.format("RETURN NULL"), "a row was not stored"),
    ],
    ids=["constraint", "exception", "data", "left out"],
)
async def test_a_message_that_the_database_does_not_take_keeps_no_other_out(
    postgres_server: DatabaseServer, database: str, rule: str, reason: str
) -> None:
    postgres_server.sql(rule, database)
    async with PostgresStore(postgres_server.url(database)) as store:
        before = store.writer.add(sample("before"), received_at=NOON)
        assert await before is CREATED
        connections = connections_to(postgres_server, database)
        first, refusal, last = await add_three(store)
        assert isinstance(refusal, StorageUnavailable)
        assert reason in str(refusal)
        assert str(sample("bad").text) not in str(refusal)
        # What was left out without a word was one of a batch that is stored.
        taken = DUPLICATE if "NULL" in rule else CREATED
        assert (first, last) == (taken, taken)
        assert await store.probe.check() is None
        if rule == CHECK:
            assert connections_to(postgres_server, database) == connections
        everything = Selection(filter=MessageFilter(), limit=10)
        assert (await store.reader.select(everything)).total == 3


def connections_to(server: DatabaseServer, database: str) -> str:
    """Name the connections that write."""
    return server.sql(
        f"SELECT string_agg(pid::text, ' ' ORDER BY pid) FROM pg_stat_activity"  # noqa: S608 - ours
        f" WHERE datname = '{database}' AND query LIKE '%INSERT INTO messages%'"
        " AND pid <> pg_backend_pid()"
    )


async def test_nor_does_it_in_a_transaction_of_a_pool(
    postgres_server: DatabaseServer, pgbouncer: PgBouncer, database: str
) -> None:
    stricter = "SET default_transaction_isolation = 'serializable'"
    postgres_server.sql(f'ALTER DATABASE "{database}" {stricter}')
    postgres_server.sql(CHECK, database)
    async with PostgresStore(pgbouncer.url(database)) as store:
        first, refusal, last = await add_three(store)
        assert isinstance(refusal, StorageUnavailable)
        assert (first, last) == (CREATED, CREATED)
        assert await store.probe.check() is None


async def test_a_batch_that_loses_a_race_is_tried_again(
    postgres_server: DatabaseServer, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pool may open a connection with other defaults than those that were found."""

    async def find_all_well(_connection: object) -> None:
        """Take the defaults for those that are needed."""

    stricter = "SET default_transaction_isolation = 'serializable'"
    postgres_server.sql(f'ALTER DATABASE "{database}" {stricter}')
    monkeypatch.setattr(connecting, "prepare_session", find_all_well)
    url = postgres_server.url(database)
    async with PostgresStore(url) as one, await AsyncConnection.connect(url) as other:
        await other.execute(
            "INSERT INTO messages (message_id, sender, recipient, ts, received_at, seq)"
            " VALUES ('a', '+12', '+13', 0, 0, 1)"
        )
        calls = (one.writer.add(sample(name), received_at=NOON) for name in ("a", "b"))
        adding = asyncio.gather(*calls)
        waiting = (
            "SELECT count(*) FROM pg_stat_activity"  # noqa: S608 - ours
            f" WHERE datname = '{database}' AND wait_event_type = 'Lock'"
        )
        while postgres_server.sql(waiting) != "1":  # noqa: ASYNC110 - the server sets no event
            await asyncio.sleep(0.02)
        await other.commit()
        assert await adding == [AddOutcome.CONFLICT, CREATED]


@pytest.mark.parametrize("seq", [None, 10])
def test_an_import_says_that_what_it_brings_is_to_blame(
    postgres_server: DatabaseServer, database: str, seq: int | None
) -> None:
    postgres_server.sql(CHECK, database)
    with open_importer(parse_database_url(postgres_server.url(database))) as importer:
        records = [
            Record(message=sample(name), received_at=NOON, seq=seq and seq + place)
            for place, name in enumerate(("a", "bad", "b"))
        ]
        with pytest.raises(DataRefused, match='violates check constraint "fine"'):
            importer.add(records, received_at=NOON)
        assert importer.add([records[0], records[2]], received_at=NOON) == [CREATED, CREATED]
