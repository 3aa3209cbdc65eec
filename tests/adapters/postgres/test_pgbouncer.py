"""Through a transaction pool, which gives each transaction to any connection: nothing differs."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager

import psycopg
import pytest

from lyftr_core import MessageReader, MessageWriter
from lyftr_core.testing import RepositoryContract
from lyftr_core.testing.strategies.samples import NOON, sample
from lyftr_postgres import PostgresStore, migrate, parse_database_url
from lyftr_postgres.connection.connecting import opener
from lyftr_postgres.projections.notifications import CHANNEL
from tests.support.postgresql.database_server import DatabaseServer
from tests.support.postgresql.pgbouncer import PgBouncer
from tests.support.postgresql.server import PostgresServer


@pytest.fixture
def database(postgres_server: DatabaseServer) -> Iterator[str]:
    with postgres_server.database() as name:
        yield name


class TestPostgresRepositoryThroughAPool(RepositoryContract):
    @pytest.fixture(autouse=True)
    def _use(
        self, postgres_server: DatabaseServer, migrated_template: str, pgbouncer: PgBouncer
    ) -> None:
        self._server, self._template, self._pool = postgres_server, migrated_template, pgbouncer

    @asynccontextmanager
    async def open_repository(self) -> AsyncGenerator[tuple[MessageWriter, MessageReader]]:
        with self._server.database(self._template) as name:
            async with PostgresStore(self._pool.url(name)) as store:
                yield store.writer, store.reader


async def test_whatever_is_done_leaves_no_setting_and_no_statement_on_a_connection(
    postgres_server: DatabaseServer, pgbouncer: PgBouncer, database: str
) -> None:
    assert isinstance(postgres_server, PostgresServer)
    one = {"default_pool_size": "1", "query_wait_timeout": "30"}
    look = """SELECT current_setting('synchronous_commit'), current_setting('lock_timeout'),
        current_setting('statement_timeout'), current_setting('transaction_isolation'),
        (SELECT count(*) FROM pg_prepared_statements)"""
    with PgBouncer(postgres_server, one) as pool:
        url = pool.url(database)
        with psycopg.connect(url, autocommit=True, prepare_threshold=None) as other:
            before = other.execute(look).fetchone()
        # One connection for all that a store does at the same time: they take turns.
        async with PostgresStore(url) as store:
            for number in range(20):
                await store.writer.add(sample(f"m{number % 15}"), received_at=NOON)
                assert await store.reader.get(f"m{number % 15}")
            assert (await store.reader.stats()).total_messages == 15
            await store.remover.scrub()
        with psycopg.connect(url, autocommit=True, prepare_threshold=None) as other:
            assert other.execute(look).fetchone() == before


def test_a_database_is_migrated_through_it(pgbouncer: PgBouncer, database: str) -> None:
    conninfo = parse_database_url(pgbouncer.url(database))
    assert migrate(conninfo).before is None
    again = migrate(conninfo)
    assert again.before == again.after


async def test_what_others_are_told_is_not_gathered_on_a_connection(
    postgres_server: DatabaseServer, pgbouncer: PgBouncer, database: str
) -> None:
    """A LISTEN stays on the connection of the pool, whoever has that next."""
    assert isinstance(postgres_server, PostgresServer)
    with PgBouncer(postgres_server, {"default_pool_size": "1"}) as pool:
        connect = opener(parse_database_url(pool.url(database)))
        async with await connect() as listening, await connect() as writing:
            await listening.execute(f"LISTEN {CHANNEL}")
            for _ in range(10):
                await writing.execute(f"NOTIFY {CHANNEL}")
            assert not writing._notifies_backlog
