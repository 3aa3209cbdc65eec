"""Whatever environment, URL, role and database say, lyftr has the settings that it relies on."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import psycopg
import pytest

from lyftr_core import AddOutcome, MessageFilter, Removal, SchemaMismatch, StorageUnavailable
from lyftr_core.message import Record
from lyftr_core.selection import Selection
from lyftr_core.testing.strategies.samples import NOON, sample
from lyftr_postgres import PostgresStore, migrate, parse_database_url
from lyftr_postgres.connection.connecting import connect_now, opener
from lyftr_postgres.connection.settings import _NEEDED, BEGIN
from lyftr_postgres.maintenance.check import check
from lyftr_postgres.maintenance.importer import open_importer
from lyftr_postgres.maintenance.log_copy import open_log_source, open_log_target
from lyftr_postgres.maintenance.rebuild import rebuild
from lyftr_postgres.schema.migrate import require_readable
from lyftr_sql.log_rows import LogSource
from tests.support.postgresql.database_server import DatabaseServer
from tests.support.postgresql.pgbouncer import PgBouncer
from tests.support.postgresql.server import PostgresServer
from tests.support.postgresql.standby import StandbyServer

ODD = {
    "default_transaction_isolation": "serializable",
    "gin_fuzzy_search_limit": "1",
    "idle_in_transaction_session_timeout": "40s",
    "idle_session_timeout": "40s",
    "lock_timeout": "40s",
    "standard_conforming_strings": "off",
    "statement_timeout": "40s",
}
"""What is needed is something else."""
_OPTIONS = "-c client_encoding=LATIN1 -c default_transaction_isolation=serializable"
Urls = Callable[[str], str]


@pytest.fixture
def database(postgres_server: DatabaseServer) -> Iterator[str]:
    with postgres_server.database() as name:
        yield name


@pytest.fixture(params=["direct", "pooled"])
def url_of(request: pytest.FixtureRequest, postgres_server: DatabaseServer) -> Urls:
    if request.param == "direct":
        return postgres_server.url
    pool: PgBouncer = request.getfixturevalue("pgbouncer")
    return pool.url


def set_in(server: DatabaseServer, database: str, **settings: str) -> None:
    for name, value in settings.items():
        server.sql(f"ALTER DATABASE \"{database}\" SET {name} = '{value}'")


async def add_twice_and_read(url: str) -> None:
    """Add the same messages to two servers at once; then list, search and remove."""
    async with PostgresStore(url) as one, PostgresStore(url) as two:
        counts: Counter[AddOutcome] = Counter()
        for turn in range(4):
            some = [sample(f"m{turn}-{n}", text="Łódź \\ 'ßx' 日本") for n in range(20)]
            adding = (s.writer.add(m, received_at=NOON) for s in (one, two) for m in some)
            counts.update(await asyncio.gather(*adding))
        assert counts == {AddOutcome.CREATED: 80, AddOutcome.DUPLICATE: 80}
        other = (s.writer.add(sample("m0-0", text="ó"), received_at=NOON) for s in (one, two))
        assert set(await asyncio.gather(*other)) == {AddOutcome.CONFLICT}
        found = await two.reader.select(Selection(filter=MessageFilter(q="ŁÓDŹ \\"), limit=10))
        assert found.total == 80
        assert found.messages[0].message.text == "Łódź \\ 'ßx' 日本"
        assert (await two.reader.stats()).total_messages == 80
        (conflict,) = await one.reader.conflicts(10)
        assert conflict.deliveries == 2
        step = await one.remover.remove(Removal(number=sample("m").sender), 0)
        assert step.removed
        await one.remover.scrub()
        assert await one.probe.check() is None


@pytest.mark.parametrize(
    "settings",
    [
        {"client_encoding": "SQL_ASCII", "default_transaction_isolation": "repeatable read"},
        {
            **ODD,
            "bytea_output": "escape",
            "client_encoding": "LATIN1",
            "client_min_messages": "error",
            "datestyle": "German, DMY",
            "quote_all_identifiers": "on",
            "row_security": "off",
            "timezone": "Asia/Kolkata",
            "transform_null_equals": "on",
        },
    ],
    ids=["repeatable read", "serializable"],
)
def test_every_command_works_whatever_the_database_has_set(
    postgres_server: DatabaseServer, database: str, url_of: Urls, settings: dict[str, str]
) -> None:
    set_in(postgres_server, database, **settings)
    asyncio.run(add_twice_and_read(url_of(database)))
    conninfo = parse_database_url(url_of(database))
    assert migrate(conninfo).before == migrate(conninfo).after
    assert rebuild(conninfo)
    assert not [finding for finding in check(conninfo) if finding.faults]


@pytest.mark.parametrize(
    ("variables", "query"),
    [
        ({"PGCLIENTENCODING": "LATIN1", "PGDATESTYLE": "German", "PGTZ": "Asia/Kolkata"}, ""),
        ({"PGCLIENTENCODING": "SQL_ASCII", "PGOPTIONS": _OPTIONS}, ""),
        ({}, "client_encoding=LATIN1"),
    ],
    ids=["LATIN1", "SQL_ASCII", "URL"],
)
async def test_a_server_works_whatever_environment_and_url_say(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], query: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    separator = "&" if "?" in postgres_url else "?"
    await add_twice_and_read(f"{postgres_url}{separator}{query}" if query else postgres_url)


def in_force(connection: psycopg.Connection[Any]) -> dict[str, str]:
    return dict(
        connection.execute(
            "SELECT name, current_setting(name) FROM unnest(%s::text[]) AS asked (name)", [[*ODD]]
        ).fetchall()
    )


async def test_a_connection_to_the_server_has_them_from_the_beginning(
    postgres_server: DatabaseServer, database: str
) -> None:
    set_in(postgres_server, database, **ODD)
    conninfo = parse_database_url(postgres_server.url(database))
    needed = {name: _NEEDED[name] for name in ODD}
    with connect_now(conninfo) as connection:
        assert in_force(connection) == needed
    async with await opener(conninfo)() as asynchronous:
        for name, value in needed.items():
            found = await asynchronous.execute(f"SHOW {name}")
            assert await found.fetchone() == (value,)


def test_a_transaction_in_a_pool_has_them_and_leaves_nothing_behind(
    postgres_server: DatabaseServer, pgbouncer: PgBouncer, database: str
) -> None:
    set_in(postgres_server, database, **ODD)
    with connect_now(parse_database_url(pgbouncer.url(database))) as connection:
        assert in_force(connection) == ODD
        connection.execute(BEGIN)
        assert in_force(connection) == {name: _NEEDED[name] for name in ODD}
        assert connection.execute("SHOW transaction_isolation").fetchone() == ("read committed",)
        connection.execute("COMMIT")
        assert in_force(connection) == ODD


def test_a_time_limit_of_the_role_cuts_off_no_long_work(
    postgres_server: DatabaseServer, database: str
) -> None:
    set_in(postgres_server, database, statement_timeout="250ms", lock_timeout="250ms")
    with connect_now(parse_database_url(postgres_server.url(database))) as connection:
        connection.execute("SELECT pg_sleep(0.3)")


async def test_a_database_that_is_read_only_by_default_is_read_and_refused_to_a_server(
    postgres_server: DatabaseServer, database: str, url_of: Urls
) -> None:
    url = postgres_server.url(database)
    async with PostgresStore(url) as store:
        await store.writer.add(sample("m1"), received_at=NOON)
        set_in(postgres_server, database, default_transaction_read_only="on")
        postgres_server.kill_backends("lyftr")
        with pytest.raises(StorageUnavailable):
            await store.writer.add(sample("m2"), received_at=NOON)
        with pytest.raises(StorageUnavailable, match="default_transaction_read_only is on"):
            await store.writer.add(sample("m2"), received_at=NOON)
        assert await store.probe.check() == "cannot commit"
    with pytest.raises(StorageUnavailable, match="default_transaction_read_only is on"):
        await PostgresStore(url_of(database)).open()
    async with PostgresStore(url_of(database)).reading() as store:
        assert await store.reader.get("m1")


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_of_another_encoding_is_refused_by_its_name(
    postgres_server: DatabaseServer, encoding: str
) -> None:
    name, told = f"lyftr_test_{encoding.lower()}", f"encoding {encoding}, .* --encoding=UTF8"
    how = f"TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'"
    postgres_server.sql(f"CREATE DATABASE {name} {how}")
    try:
        with pytest.raises(SchemaMismatch, match=told):
            migrate(parse_database_url(postgres_server.url(name)))
    finally:
        postgres_server.drop_database(name)


@pytest.mark.parametrize("opening", [open_log_source, open_log_target])
def test_a_log_is_read_to_its_end_though_its_reader_pauses(
    postgres_server: DatabaseServer,
    database: str,
    url_of: Urls,
    opening: Callable[[str], AbstractContextManager[LogSource]],
) -> None:
    with open_importer(parse_database_url(postgres_server.url(database))) as importer:
        importer.add([Record(message=sample("m1"), received_at=NOON)], received_at=NOON)
    set_in(postgres_server, database, idle_in_transaction_session_timeout="100ms")
    with opening(parse_database_url(url_of(database))) as log:
        for rows in log.rows():
            time.sleep(0.3)
            assert [row.message_id for row in rows] == ["m1"]


@pytest.mark.parametrize(("path", "shown"), [("nowhere", "nowhere"), ("", '""')])
def test_a_search_path_without_a_schema_is_refused_by_its_name(
    postgres_server: DatabaseServer, database: str, path: str, shown: str
) -> None:
    set_in(postgres_server, database, search_path=path)
    conninfo = parse_database_url(postgres_server.url(database))
    for use in (migrate, require_readable):
        with pytest.raises(SchemaMismatch, match=f"has search_path {shown}: no schema"):
            use(conninfo)


async def test_a_replica_answers_though_it_knows_no_serializable_transaction(
    primary_to_break: PostgresServer,
) -> None:
    with StandbyServer(primary_to_break) as standby:
        url = primary_to_break.url("inbox")
        async with PostgresStore(url) as store:
            await store.writer.add(sample("m1"), received_at=NOON)
        set_in(primary_to_break, "inbox", **ODD)
        async with PostgresStore(url, read_url=standby.url("inbox")) as store:
            await store.writer.add(sample("m2"), received_at=NOON)
            last = await store.reader.last_seq()
            # A replica shows a row at once, but its log only below the oldest open transaction.
            async with asyncio.timeout(60):
                while await store.replica.last_seq() != last:
                    pass  # to read is a pause
            assert await store.replica.get("m2") is not None
