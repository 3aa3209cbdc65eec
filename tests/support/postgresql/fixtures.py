"""What tests ask for to have a PostgreSQL; each is skipped with the reason where none is there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.postgresql.database_server import DatabaseServer
from tests.support.postgresql.installation import (
    Installation,
    PostgresqlMissing,
    find_installation,
    find_psql,
)
from tests.support.postgresql.pgbouncer import PgBouncer, PgBouncerMissing
from tests.support.postgresql.server import PostgresServer
from tests.support.postgresql.standby import StandbyServer, require_standby

__all__ = [
    "inbox_server",
    "pgbouncer",
    "postgres_installation",
    "postgres_server",
    "postgres_url",
    "primary_to_break",
    "synchronous_standby",
    "with_inbox",
]


@pytest.fixture(scope="session")
def postgres_installation() -> Installation:
    """The programs, for tests that stop or break a server: `TEST_DATABASE_URL` is none to break."""
    try:
        return find_installation()
    except PostgresqlMissing as missing:
        pytest.skip(f"no PostgreSQL: {missing}")


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> Iterator[DatabaseServer]:
    """The server at `TEST_DATABASE_URL`, else one of this process of pytest alone."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        try:
            yield DatabaseServer(url, find_psql())
        except PostgresqlMissing as missing:
            pytest.skip(f"no psql for TEST_DATABASE_URL: {missing}")
    else:
        installation: Installation = request.getfixturevalue("postgres_installation")
        with PostgresServer(installation) as server:
            yield server


@pytest.fixture
def postgres_url(postgres_server: DatabaseServer) -> Iterator[str]:
    """The URL of an empty database of this test alone."""
    with postgres_server.database() as name:
        yield postgres_server.url(name)


@pytest.fixture(scope="session")
def pgbouncer(postgres_server: DatabaseServer) -> Iterator[PgBouncer]:
    """A pool in transaction mode over `postgres_server`, where that is ours."""
    if not isinstance(postgres_server, PostgresServer):
        pytest.skip("pgbouncer is put before a server of the tests' own, not TEST_DATABASE_URL")
    try:
        pool = PgBouncer(postgres_server)
    except PgBouncerMissing as missing:
        pytest.skip(str(missing))
    with pool:
        yield pool


@contextmanager
def with_inbox(server: PostgresServer) -> Iterator[PostgresServer]:
    """Run a server with an empty database `inbox` for as long as a block runs."""
    with server:
        server.sql("CREATE DATABASE inbox TEMPLATE template0")
        yield server


@pytest.fixture
def inbox_server(postgres_installation: Installation) -> Iterator[PostgresServer]:
    """A server with an empty database `inbox`; the test may do all to it."""
    with with_inbox(PostgresServer(postgres_installation)) as server:
        yield server


@pytest.fixture
def primary_to_break(postgres_installation: Installation) -> Iterator[PostgresServer]:
    """The same, and it syncs its disk."""
    with with_inbox(PostgresServer(postgres_installation, durable=True)) as server:
        yield server


@pytest.fixture
def synchronous_standby(primary_to_break: PostgresServer) -> Iterator[StandbyServer]:
    """The standby that each commit of `primary_to_break` waits for."""
    with StandbyServer(primary_to_break) as server:
        require_standby(primary_to_break, server)
        yield server
