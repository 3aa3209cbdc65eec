"""What the database does not take is refused by itself, and nothing else with it."""

import asyncio
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from psycopg import AsyncConnection

from lyftr_core import AddOutcome, MessageFilter, StorageUnavailable
from lyftr_core.errors import DataRefused
from lyftr_core.message import Record
from lyftr_core.selection import Selection
from lyftr_core.testing.strategies.samples import NOON, sample
from lyftr_postgres import PostgresMessageWriter, PostgresStore, migrate, parse_database_url
from lyftr_postgres.connection import connecting
from lyftr_postgres.connection.connecting import opener
from lyftr_postgres.connection.writing import WritingConnection
from lyftr_postgres.maintenance.importer import open_importer
from lyftr_postgres.maintenance.log_copy import open_log_source, open_log_target
from lyftr_runtime.copying import append_rest
from tests.adapters.postgres.conftest import NewDatabase
from tests.support.postgresql.database_server import DatabaseServer
from tests.support.postgresql.pgbouncer import PgBouncer

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


async def add_three(writer: PostgresMessageWriter) -> list[AddOutcome | BaseException]:
    calls = (writer.add(sample(name), received_at=NOON) for name in ("a", "bad", "b"))
    return await asyncio.gather(*calls, return_exceptions=True)


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (CHECK, 'violates check constraint "fine"'),
        (_TRIGGER.format("RAISE EXCEPTION 'not this one'"), "not this one"),
        (_TRIGGER.format("RAISE EXCEPTION 'no' USING ERRCODE = 'MY001'"), "no"),
        (_TRIGGER.format("PERFORM 1 / 0"), "division by zero"),
        (_TRIGGER.format("CASE WHEN false THEN NULL; END CASE"), "case not found"),
        (_TRIGGER.format("PERFORM NEW.other"), 'record "new" has no field'),
        (_TRIGGER.format("RETURN NULL"), "a row was not stored"),
    ],
    ids=["constraint", "exception", "own code", "data", "case", "fault", "left out"],
)
async def test_a_message_that_the_database_does_not_take_keeps_no_other_out(
    postgres_server: DatabaseServer, database: str, rule: str, reason: str
) -> None:
    postgres_server.sql(rule, database)
    async with PostgresStore(postgres_server.url(database)) as store:
        before = store.writer.add(sample("before"), received_at=NOON)
        assert await before is CREATED
        connections = connections_to(postgres_server, database)
        first, refusal, last = await add_three(store.writer)
        assert isinstance(refusal, StorageUnavailable)
        assert reason in str(refusal)
        assert str(sample("bad").text) not in str(refusal)
        # What was left out without a word was one of a batch that is stored.
        taken = DUPLICATE if "RETURN NULL" in rule else CREATED
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


async def test_nor_does_one_that_a_row_level_policy_forbids(
    postgres_server: DatabaseServer, database: str
) -> None:
    role = database  # as unique
    postgres_server.sql(f"CREATE ROLE {role} LOGIN")
    postgres_server.sql(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}", database)
    postgres_server.sql("ALTER TABLE messages ENABLE ROW LEVEL SECURITY", database)
    rule = "CREATE POLICY fine ON messages USING (true) WITH CHECK (message_id <> 'bad')"
    postgres_server.sql(rule, database)
    url = urlsplit(postgres_server.url(database))
    netloc = f"{role}@{url.netloc.rpartition('@')[2]}"
    try:
        async with PostgresStore(url._replace(netloc=netloc).geturl()) as store:
            first, refusal, last = await add_three(store.writer)
            assert isinstance(refusal, StorageUnavailable)
            assert "row-level security policy" in str(refusal)
            assert (first, last) == (CREATED, CREATED)
    finally:
        postgres_server.sql(f"DROP OWNED BY {role}", database)
        postgres_server.sql(f"DROP ROLE {role}")


async def test_what_a_statement_may_not_do_at_all_is_no_fault_of_the_messages(
    postgres_server: DatabaseServer, database: str
) -> None:
    async with PostgresStore(postgres_server.url(database)) as store:
        postgres_server.sql("ALTER TABLE messages RENAME TO elsewhere", database)
        refusals = await add_three(store.writer)
        for refusal in refusals:
            assert isinstance(refusal, StorageUnavailable)
            assert not isinstance(refusal.__cause__, DataRefused)
        assert await store.writer.check() == "cannot commit"


async def test_a_warning_of_a_trigger_is_no_doubt_about_the_commit(
    postgres_server: DatabaseServer, database: str
) -> None:
    postgres_server.sql(_TRIGGER.format("RAISE WARNING 'take care'"), database)
    async with PostgresStore(postgres_server.url(database)) as store:
        assert await add_three(store.writer) == [CREATED] * 3
        assert await store.probe.check() is None


def test_nor_is_it_while_a_log_is_copied(
    postgres_server: DatabaseServer, database: str, new_database: NewDatabase
) -> None:
    with new_database() as source:
        with open_importer(parse_database_url(source)) as importer:
            importer.add([Record(message=sample("bad"), received_at=NOON)], received_at=NOON)
        postgres_server.sql(_TRIGGER.format("RAISE WARNING 'take care'"), database)
        conninfo = parse_database_url(postgres_server.url(database))
        with (
            open_log_source(parse_database_url(source)) as copied,
            open_log_target(conninfo) as target,
        ):
            assert append_rest(copied, target, lambda _done, _whole: None) == 1


async def test_nor_does_it_in_a_transaction_of_a_pool(
    postgres_server: DatabaseServer, pgbouncer: PgBouncer, database: str
) -> None:
    stricter = "SET default_transaction_isolation = 'serializable'"
    postgres_server.sql(f'ALTER DATABASE "{database}" {stricter}')
    postgres_server.sql(CHECK, database)
    connect, opened = opener(parse_database_url(pgbouncer.url(database))), list[AsyncConnection]()

    async def note_and_connect() -> AsyncConnection:
        opened.append(await connect())
        return opened[-1]

    writer = PostgresMessageWriter(WritingConnection(note_and_connect))
    await writer.open()
    first, refusal, last = await add_three(writer)
    assert isinstance(refusal, StorageUnavailable)
    assert (first, last) == (CREATED, CREATED)
    assert await writer.check() is None
    assert len(opened) == 1
    await writer.close()


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
