"""Migrations of PostgreSQL: what they make, whom they find, and what they do without."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from psycopg import sql
from sqlalchemy import create_engine

from lyftr_core import AddOutcome, Message, SchemaMismatch, StorageUnavailable
from lyftr_postgres import PostgresStore, migrate, parse_database_url, prepare
from lyftr_postgres.schema.revision import SCHEMA
from lyftr_postgres.schema.tables import SEARCH_INDEX, metadata
from tests.support.postgresql.database_server import DatabaseServer

HEAD = SCHEMA.head
_NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
_ROLE = "lyftr_guest"


def _run(url: str, *statements: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = None
        for statement in statements:
            cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor and cursor.description else []


def test_the_migrations_make_the_tables_that_the_program_uses(postgres_url: str) -> None:
    done = migrate(parse_database_url(postgres_url))
    assert (done.before, done.after) == (None, HEAD)
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(postgres_url))
    with engine.connect() as connection:
        options = {"compare_type": True, "include_name": lambda name, *_: name != SEARCH_INDEX}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_of_many_at_once_one_makes_the_tables(postgres_url: str) -> None:
    conninfo = parse_database_url(postgres_url)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: migrate(conninfo), range(8)))
    assert [done.before for done in found].count(None) == 1
    assert {done.after for done in found} == {HEAD}


def test_a_newer_schema_is_refused_and_left_as_it_is(postgres_url: str) -> None:
    conninfo = parse_database_url(postgres_url)
    migrate(conninfo)
    _run(postgres_url, "UPDATE alembic_version SET version_num = '9999'")
    for attempt in (prepare, migrate):
        with pytest.raises(SchemaMismatch, match="schema 9999, which is newer"):
            attempt(conninfo)
    assert _run(postgres_url, "SELECT version_num FROM alembic_version") == [("9999",)]


@pytest.fixture
def guest_url(postgres_server: DatabaseServer, postgres_url: str) -> Iterator[str]:
    """The URL of the same database for a user who may make tables, and nothing else."""
    name = sql.Identifier(_ROLE).as_string(None)
    _run(
        postgres_url,
        f"DROP ROLE IF EXISTS {name}",
        f"CREATE ROLE {name} LOGIN",
        f"GRANT CREATE, USAGE ON SCHEMA public TO {name}",
    )
    yield psycopg.conninfo.make_conninfo(postgres_url, user=_ROLE)
    _run(postgres_url, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def test_without_leave_to_add_pg_trgm_all_works_but_the_index_and_it_is_made_later(
    postgres_url: str, guest_url: str
) -> None:
    done = migrate(guest_url)
    assert not done.has_search_index
    assert "pg_trgm" in done.remarks[0]
    prepare(guest_url)
    _run(postgres_url, "CREATE EXTENSION pg_trgm")
    done = migrate(guest_url)
    assert (done.before, done.has_search_index, done.remarks) == (HEAD, True, ())


def test_an_index_whose_making_was_interrupted_is_made_anew(postgres_url: str) -> None:
    conninfo = parse_database_url(postgres_url)
    migrate(conninfo)
    broken = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass"
    found = "SELECT indisvalid FROM pg_index WHERE indexrelid = %s::regclass"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(broken, [SEARCH_INDEX])
        assert migrate(conninfo).has_search_index
        assert connection.execute(found, [SEARCH_INDEX]).fetchall() == [(True,)]


async def test_a_log_that_is_ahead_of_the_server_takes_nothing_until_it_is_migrated(
    postgres_url: str,
) -> None:
    first, second, third = (
        Message(message_id=name, sender="+12", recipient="+13", ts=_NOON) for name in "abc"
    )
    async with PostgresStore(postgres_url) as store:
        await store.writer.add(first, received_at=_NOON)
    async with PostgresStore(postgres_url) as store:
        # As if another server, which had counted further, had written it.
        _run(postgres_url, "UPDATE messages SET seq = seq + 4096 * 1000000::bigint")
        with pytest.raises(SchemaMismatch, match="run lyftr migrate"):
            await PostgresStore(postgres_url).open()
        with pytest.raises(StorageUnavailable, match="run lyftr migrate"):
            await store.writer.add(second, received_at=_NOON)
        migrate(parse_database_url(postgres_url))
        assert await store.writer.add(third, received_at=_NOON) is AddOutcome.CREATED
        found = {name: await store.reader.get(name) for name in "ac"}
        assert found["a"]
        assert found["c"]
        assert found["a"].seq < found["c"].seq == await store.reader.last_seq()
