"""Whether two URLs lead to one database, whatever they call the server."""

import time
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from lyftr_core import StorageUnavailable
from lyftr_postgres import migrate, parse_database_url
from lyftr_postgres.connection.identity import is_same_database
from tests.support.postgresql.database_server import DatabaseServer
from tests.support.postgresql.pgbouncer import PgBouncer
from tests.support.postgresql.server import PostgresServer
from tests.support.postgresql.standby import StandbyServer

_PATIENCE = 60.0


def is_same(first: str, second: str) -> bool:
    one, other = parse_database_url(first), parse_database_url(second)
    found = is_same_database(one, other)
    assert is_same_database(other, one) is found
    return found


@pytest.fixture
def server(postgres_server: DatabaseServer) -> PostgresServer:
    if not isinstance(postgres_server, PostgresServer):
        pytest.skip("only a server of the tests' own is known by several addresses")
    return postgres_server


@pytest.fixture
def name(server: PostgresServer) -> Iterator[str]:
    with server.database() as name:
        migrate(parse_database_url(server.url(name)))
        yield name


@pytest.fixture
def role(server: PostgresServer) -> Iterator[str]:
    server.sql("CREATE ROLE lyftr_reader LOGIN")
    yield "lyftr_reader"
    server.sql("DROP ROLE lyftr_reader")


def test_a_database_is_the_same_under_every_name(
    server: PostgresServer, pgbouncer: PgBouncer, name: str, role: str
) -> None:
    url = server.url(name)
    address = f"postgresql+psycopg://{role}@localhost:{server.port}"
    for other in (
        url,
        server.tcp_url(name),
        pgbouncer.url(name),
        f"{address}/{name}",
        f"{address}?dbname={quote(name)}&hostaddr=127.0.0.1",
        f"postgres://{role}@127.0.0.1:1,127.0.0.1:{server.port}/{name}",
    ):
        assert is_same(url, other)


def test_another_database_or_schema_of_the_server_is_another(
    server: PostgresServer, name: str
) -> None:
    url = server.url(name)
    with server.database() as another:
        assert not is_same(url, server.url(another))
        migrate(parse_database_url(server.url(another)))
        assert not is_same(url, server.url(another))
    server.sql("CREATE SCHEMA second", name)
    second = f"{url}&options=-csearch_path%3Dsecond"
    assert not is_same(url, second)
    migrate(parse_database_url(second))
    assert not is_same(url, second)
    assert is_same(second, second)


def test_a_role_that_may_not_know_the_system_knows_the_server(
    server: PostgresServer, name: str, role: str
) -> None:
    server.sql("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC", name)
    url = f"postgresql://{role}@127.0.0.1:{server.port}/{name}"
    assert is_same(url, url)


def test_a_server_that_cannot_be_reached_is_named(server: PostgresServer, name: str) -> None:
    with pytest.raises(StorageUnavailable, match=r"cannot use inbox at 127\.0\.0\.1:1"):
        is_same("postgresql://127.0.0.1:1/inbox", server.url(name))


def test_a_standby_is_the_same_until_it_is_promoted(primary_to_break: PostgresServer) -> None:
    primary = primary_to_break
    migrate(parse_database_url(primary.url("inbox")))
    with StandbyServer(primary) as standby:
        deadline = time.monotonic() + _PATIENCE
        while standby.sql("SELECT to_regclass('messages')", "inbox") != "messages":
            assert time.monotonic() < deadline
        assert is_same(standby.url("inbox"), primary.url("inbox"))
        standby.promote()
        assert not is_same(standby.url("inbox"), primary.url("inbox"))


def test_a_database_is_the_same_whatever_format_its_times_have(
    server: PostgresServer, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.sql(f"ALTER DATABASE \"{name}\" SET datestyle = 'German'")
    assert is_same(server.url(name), server.tcp_url(name))
    monkeypatch.setenv("PGDATESTYLE", "SQL, DMY")
    monkeypatch.setenv("PGTZ", "Asia/Kolkata")
    assert is_same(server.url(name), server.tcp_url(name))
