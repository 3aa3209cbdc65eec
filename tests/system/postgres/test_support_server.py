import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.postgresql.database_server import DatabaseServer, StatementFailed
from tests.support.postgresql.installation import Installation
from tests.support.postgresql.processes import ServerDied
from tests.support.postgresql.server import PostgresServer
from tests.support.postgresql.sessions import Session

ROOT = Path(__file__).parents[3]
TABLES = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"


def test_a_fresh_database_is_empty_and_its_own(
    postgres_server: DatabaseServer, postgres_url: str
) -> None:
    here = DatabaseServer(postgres_url, postgres_server.psql)
    assert here.sql(TABLES) == "0"
    here.sql("CREATE TABLE mine (id bigint)")
    with postgres_server.database() as other:
        assert postgres_server.sql(TABLES, other) == "0"
    assert here.sql(TABLES) == "1"


def test_a_database_is_dropped_though_somebody_is_connected(
    postgres_server: DatabaseServer,
) -> None:
    with postgres_server.database() as name:
        url = postgres_server.url(name)
        with Session(postgres_server.psql, url) as session:
            assert session.ask("SELECT 'connected'") == "connected"
            postgres_server.drop_database(name)
            assert "terminating connection" in session.ask("SELECT 1")
    with pytest.raises(StatementFailed, match="does not exist"):
        postgres_server.sql("SELECT 1", name)


def test_text_is_unicode_and_sorts_by_code_point(
    postgres_server: DatabaseServer, postgres_url: str
) -> None:
    here = DatabaseServer(postgres_url, postgres_server.psql)
    assert here.sql("SELECT lower('ÉCOLE'), 'Z' < 'a', 'é' > 'z'") == "école|t|t"


def test_it_listens_on_a_port_too(postgres_installation: Installation) -> None:
    with PostgresServer(postgres_installation) as server:
        by_tcp = DatabaseServer(server.tcp_url("postgres"), server.psql)
        assert by_tcp.sql("SELECT host(inet_server_addr())") == "127.0.0.1"


@pytest.mark.parametrize("durable", [True, False])
def test_what_was_committed_survives_a_crash(
    postgres_installation: Installation, *, durable: bool
) -> None:
    with PostgresServer(postgres_installation, durable=durable) as server:
        url = server.tcp_url("postgres")
        server.sql("CREATE TABLE kept AS SELECT 7 AS id")
        server.restart("immediate")
        assert server.sql("SELECT id FROM kept") == "7"
        assert server.tcp_url("postgres") == url
        assert server.sql("SHOW fsync") == ("on" if durable else "off")


def test_only_the_connections_of_one_application_are_killed(
    postgres_installation: Installation,
) -> None:
    with (
        PostgresServer(postgres_installation) as server,
        Session(server.psql, f"{server.url('postgres')}&application_name=ours") as ours,
        Session(server.psql, f"{server.url('postgres')}&application_name=theirs") as theirs,
    ):
        assert ours.ask("SELECT 1") == theirs.ask("SELECT 1") == "1"
        assert server.kill_backends("ours") == 1
        assert "terminating connection" in ours.ask("SELECT 2")
        assert theirs.ask("SELECT 2") == "2"
        assert server.kill_backends() == 1
        assert "terminating connection" in theirs.ask("SELECT 3")


def test_a_server_that_does_not_start_says_why_and_leaves_nothing(
    postgres_installation: Installation,
) -> None:
    broken = PostgresServer(postgres_installation, settings={"shared_preload_libraries": "nothing"})
    with pytest.raises(ServerDied, match='could not access file "nothing"'), broken:
        pass
    assert not broken.folder.exists()


def test_of_a_server_that_died_a_statement_says_why(postgres_installation: Installation) -> None:
    with PostgresServer(postgres_installation) as server:
        server.stop("immediate")
        with pytest.raises(ServerDied, match="received immediate shutdown request"):
            server.sql("SELECT 1")


def test_no_server_outlives_tests_that_are_killed(postgres_installation: Installation) -> None:
    script = (
        "import time\n"
        "from tests.support.postgresql.installation import find_installation\n"
        "from tests.support.postgresql.server import PostgresServer\n"
        "with PostgresServer(find_installation()) as server:\n"
        "    print(server.pid, server.folder, flush=True)\n"
        "    time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as tests:
        assert tests.stdout is not None
        pid, folder = tests.stdout.readline().split()
        os.kill(int(pid), 0)
        tests.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 60
    while Path(folder).exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)  # polling, up to the deadline
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)
