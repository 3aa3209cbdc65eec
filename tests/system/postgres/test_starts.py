"""How `lyftr serve` begins on PostgreSQL, and the one line with which it does not."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lyftr_postgres.schema.revision import SCHEMA
from tests.support.later_version import LATER, write_later_version
from tests.support.postgresql.database_server import DatabaseServer
from tests.support.postgresql.installation import Installation
from tests.support.postgresql.server import PostgresServer
from tests.support.server import PATIENCE, SECRET, Lyftr, Serve, environment, refusal

Show = Callable[[str], None]
HEAD = SCHEMA.head
_PASSWORD = "canary-password"
_REVISIONS = "SELECT version_num FROM alembic_version"


@pytest.fixture
def here(postgres_server: DatabaseServer, postgres_url: str) -> DatabaseServer:
    """Asks the database of the test."""
    return DatabaseServer(postgres_url, postgres_server.psql)


@pytest.fixture(scope="module")
def guarded(postgres_installation: Installation) -> Iterator[PostgresServer]:
    """A server that wants a password from whoever is not its superuser."""
    with PostgresServer(postgres_installation) as server:
        server.sql(f"CREATE ROLE somebody LOGIN PASSWORD '{_PASSWORD}'")
        hba = server.data / "pg_hba.conf"
        hba.write_text(f"host all somebody all scram-sha-256\n{hba.read_text()}")
        server.reload()
        yield server


def refused(url: str, *, name: str = "serve", first: str = "", **variables: str) -> str:
    """Run a command that must end in one line, and return that.

    Args:
        url: The database.
        name: The command.
        first: What Python does before.
        variables: Further ones.
    """
    program = f"import sys\n{first}\nfrom lyftr_cli.__main__ import main\nmain()"
    options = ["--port", "0"] if name == "serve" else []
    done = subprocess.run(
        [sys.executable, "-c", program, name, *options],
        env=environment(WEBHOOK_SECRET=SECRET, DATABASE_URL=url, **variables),
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    line = refusal(done)
    assert (done.returncode, done.stdout) == (1, b"")
    assert "canary" not in line
    return line


def test_the_tables_of_an_empty_database_are_made(
    serve: Serve, postgres_url: str, here: DatabaseServer
) -> None:
    with serve(DATABASE_URL=postgres_url) as server:
        assert server.http.get("/health/ready").status_code == 200
        assert server.deliver("m1").status_code == 200
    assert here.sql(_REVISIONS) == HEAD


def test_of_five_servers_that_start_at_once_one_makes_the_tables_and_all_serve(
    serve: Serve, postgres_url: str, here: DatabaseServer
) -> None:
    with ExitStack() as stack:
        starting = [serve(DATABASE_URL=postgres_url) for _ in range(5)]
        servers = [stack.enter_context(server) for server in starting]
        for number, server in enumerate(servers):
            server.deliver(f"m{number}").raise_for_status()
        assert [s.http.get("/stats").json()["total_messages"] for s in servers] == [5] * 5
    assert here.sql(_REVISIONS) == HEAD
    assert here.sql("SELECT count(*) FROM log_base") == "1"


def test_an_older_schema_is_refused_until_somebody_migrates_it(
    serve: Serve, lyftr: Lyftr, postgres_url: str, here: DatabaseServer, tmp_path: Path, show: Show
) -> None:
    assert lyftr("migrate", DATABASE_URL=postgres_url).returncode == 0
    later = str(write_later_version(tmp_path / "later"))
    line = refused(postgres_url, PYTHONPATH=later)
    show(line)
    assert line.endswith(f"schema {HEAD}, and this lyftr uses {LATER}; first run lyftr migrate")
    assert here.sql(_REVISIONS) == HEAD
    done = lyftr("migrate", DATABASE_URL=postgres_url, PYTHONPATH=later)
    assert done.stdout.decode().strip().endswith(f"schema {HEAD} -> {LATER}")
    assert here.sql(_REVISIONS) == LATER
    with serve(DATABASE_URL=postgres_url, PYTHONPATH=later) as server:
        assert server.deliver("m1").status_code == 200


@pytest.mark.parametrize("name", ["serve", "migrate", "tail"])
def test_a_newer_schema_is_refused(
    lyftr: Lyftr, postgres_url: str, here: DatabaseServer, name: str
) -> None:
    assert lyftr("migrate", DATABASE_URL=postgres_url).returncode == 0
    here.sql("UPDATE alembic_version SET version_num = '9999'")
    assert "schema 9999, which is newer than this lyftr" in refused(postgres_url, name=name)
    assert here.sql(_REVISIONS) == "9999"


def test_a_database_that_is_missing_is_refused_and_not_made(
    postgres_server: DatabaseServer, show: Show
) -> None:
    line = refused(postgres_server.url("nowhere"))
    show(line)
    assert 'database "nowhere" does not exist' in line


def test_a_wrong_password_is_refused_and_not_repeated(guarded: PostgresServer, show: Show) -> None:
    url = f"postgresql://somebody:canary-wrong@127.0.0.1:{guarded.port}/postgres"
    line = refused(url)
    show(line)
    assert 'password authentication failed for user "somebody"' in line


def test_a_user_who_may_not_create_tables_is_refused(guarded: PostgresServer, show: Show) -> None:
    with guarded.database() as name:
        guarded.sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC", name)
        url = f"postgresql://somebody:{_PASSWORD}@127.0.0.1:{guarded.port}/{name}"
        line = refused(url)
    show(line)
    assert "permission denied for schema public" in line


@pytest.mark.parametrize("hosts", ["127.0.0.1:1", "127.0.0.1:1,127.0.0.1:2"])
def test_where_there_is_no_server_it_says_so(hosts: str, show: Show) -> None:
    line = refused(f"postgresql://somebody:{_PASSWORD}@{hosts}/inbox")
    show(line)
    assert f"cannot use inbox at {hosts}: " in line
    assert "Connection refused" in line


def test_a_database_that_is_not_of_utf_8_is_refused(
    postgres_server: DatabaseServer, show: Show
) -> None:
    postgres_server.sql("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    try:
        line = refused(postgres_server.url("latin"))
    finally:
        postgres_server.drop_database("latin")
    show(line)
    assert "has the encoding LATIN1, and lyftr needs UTF8" in line


def test_a_server_that_is_too_old_is_refused(postgres_url: str, show: Show) -> None:
    first = "import lyftr_postgres.schema.revision as r; r.MINIMUM_SERVER = 99"
    line = refused(postgres_url, first=first)
    show(line)
    assert "PostgreSQL 99 or later is needed" in line


def test_without_the_driver_it_names_the_extra(show: Show) -> None:
    line = refused("postgresql://somebody@localhost/inbox", first="sys.modules['psycopg'] = None")
    show(line)
    assert line.startswith("lyftr: DATABASE_URL is one of PostgreSQL, which needs lyftr[postgres]")


@pytest.mark.parametrize(
    ("variable", "url", "read_url"),
    [
        ("DATABASE_URL", "postgresql://somebody:canary@localhost:canary/inbox", ""),
        ("DATABASE_URL", "postgresql://somebody:canary@localhost/inbox?nothing=canary", ""),
        ("DATABASE_READ_URL", "postgresql://localhost/inbox", "postgresql://u:canary@h:x/inbox"),
        ("DATABASE_READ_URL", "postgresql://localhost/inbox", "sqlite:///canary.db"),
        ("DATABASE_READ_URL", "sqlite:///lyftr.db", "postgresql://u:canary@localhost/inbox"),
    ],
)
def test_a_url_that_is_none_is_refused_by_the_name_of_its_variable(
    variable: str, url: str, read_url: str, show: Show
) -> None:
    line = refused(url, DATABASE_READ_URL=read_url)
    show(line)
    assert line.startswith(f"lyftr: {variable} ")


def test_an_option_that_libpq_does_not_know_is_named() -> None:
    line = refused("postgresql://somebody:canary@localhost/inbox?sslmode=require&nothing=canary")
    assert line.endswith("libpq knows no nothing")
