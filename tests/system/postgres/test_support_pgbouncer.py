from pathlib import Path

import pytest

from tests.support.postgresql import pgbouncer as module
from tests.support.postgresql.database_server import DatabaseServer
from tests.support.postgresql.pgbouncer import PgBouncer, PgBouncerMissing
from tests.support.postgresql.processes import ServerDied
from tests.support.postgresql.server import PostgresServer
from tests.support.postgresql.sessions import Session

WHO = "SELECT current_database(), pg_backend_pid()"


def test_it_leads_to_the_database_that_is_asked_for(
    postgres_server: DatabaseServer, pgbouncer: PgBouncer
) -> None:
    with postgres_server.database() as name:
        pooled = DatabaseServer(pgbouncer.url(name), postgres_server.psql)
        pooled.sql("CREATE TABLE mine (id bigint)")
        assert postgres_server.sql("SELECT count(*) FROM mine", name) == "0"


def test_a_connection_is_held_for_a_transaction_alone(
    postgres_server: DatabaseServer, pgbouncer: PgBouncer
) -> None:
    assert isinstance(postgres_server, PostgresServer)
    only_one = {"default_pool_size": "1", "query_wait_timeout": "30"}
    with PgBouncer(postgres_server, only_one) as pool:
        url = pool.url("postgres")
        with Session(postgres_server.psql, url) as one, Session(postgres_server.psql, url) as two:
            assert one.ask(WHO) == two.ask(WHO)


def test_where_there_is_none_the_reason_says_so(
    postgres_server: DatabaseServer,
    pgbouncer: PgBouncer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    assert isinstance(postgres_server, PostgresServer)
    monkeypatch.setattr(module, "_OFTEN_NOT_ON_THE_PATH", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PgBouncerMissing, match="not installed"):
        PgBouncer(postgres_server)


def test_one_that_does_not_start_says_why(
    postgres_server: DatabaseServer, pgbouncer: PgBouncer
) -> None:
    assert isinstance(postgres_server, PostgresServer)
    broken = PgBouncer(postgres_server, {"pool_mode": "nothing"})
    with pytest.raises(ServerDied, match="pool_mode"), broken:
        pass
