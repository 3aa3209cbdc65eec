"""A database that moves to another server, whose transactions have lower numbers."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.polling import wait_until
from tests.support.postgresql.installation import Installation
from tests.support.postgresql.server import PostgresServer
from tests.support.server import Lyftr, Serve, refusal

Show = Callable[[str], None]
_BURN = "DO $$ BEGIN FOR i IN 1..5000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$"


@pytest.fixture
def old(postgres_installation: Installation) -> Iterator[PostgresServer]:
    """A server that has seen many transactions."""
    with PostgresServer(postgres_installation) as server:
        server.sql(_BURN)
        yield server


@pytest.fixture
def new(postgres_installation: Installation) -> Iterator[PostgresServer]:
    """One that has seen few."""
    with PostgresServer(postgres_installation) as server:
        yield server


def move(old: PostgresServer, new: PostgresServer, folder: Path) -> str:
    """Dump a database, restore it on the other server, and return its URL there."""
    file = folder / "inbox.dump"
    program = old.installation.program
    dump = (program("pg_dump"), "--format=custom", f"--file={file}", old.url("inbox"))
    restore = (program("pg_restore"), "--no-owner", f"--dbname={new.url('inbox')}", str(file))
    new.sql("CREATE DATABASE inbox TEMPLATE template0")
    for command in (dump, restore):
        subprocess.run(command, check=True, capture_output=True)
    return new.url("inbox")


def test_after_a_move_serve_names_lyftr_migrate_and_then_the_log_goes_on(
    serve: Serve, lyftr: Lyftr, old: PostgresServer, new: PostgresServer, tmp_path: Path, show: Show
) -> None:
    old.sql("CREATE DATABASE inbox TEMPLATE template0")
    with serve(DATABASE_URL=old.url("inbox")) as server:
        for number in range(3):
            server.deliver(f"m{number}").raise_for_status()
        before = server.http.get("/messages?after=0").json()["items"]
    url = move(old, new, tmp_path)
    line = refusal(lyftr("serve", "--port", "0", DATABASE_URL=url))
    show(line)
    assert line.endswith("run lyftr migrate, which mends that")
    assert refusal(lyftr("tail", DATABASE_URL=url)) == line
    done = lyftr("migrate", DATABASE_URL=url)
    assert done.returncode == 0
    assert done.stdout.decode().endswith("new messages get a higher seq now\n")
    assert lyftr("migrate", DATABASE_URL=url).stdout.decode().endswith("nothing to do\n")
    with serve(DATABASE_URL=url) as server:
        server.deliver("m1").raise_for_status()
        server.deliver("m3").raise_for_status()
        after = server.http.get("/messages?after=0").json()["items"]
        assert server.http.get("/stats").json()["total_messages"] == 4
    assert after[:3] == before
    assert [item["message_id"] for item in after] == ["m0", "m1", "m2", "m3"]
    assert after[3]["seq"] > after[2]["seq"]


def test_under_a_running_server_webhooks_are_refused_until_somebody_migrates(
    serve: Serve, lyftr: Lyftr, new: PostgresServer
) -> None:
    """As where a name leads to another server from one moment to the next."""
    new.sql("CREATE DATABASE inbox TEMPLATE template0")
    url = new.url("inbox")
    with serve(DATABASE_URL=url) as server:
        server.deliver("m1").raise_for_status()
        # What was restored from elsewhere; and the connections of then are gone.
        new.sql("UPDATE messages SET seq = seq + 4096000000", "inbox")
        new.kill_backends()
        answers = [server.deliver(f"x{number}").status_code for number in range(3)]
        assert answers[-1] == 503
        assert server.http.get("/health/ready").status_code == 503
        assert lyftr("migrate", DATABASE_URL=url).returncode == 0
        assert server.deliver("m2").status_code == 200
        # What a check found answers everyone for a second.
        wait_until(lambda: server.http.get("/health/ready").status_code == 200)
        items = server.http.get("/messages?after=0").json()["items"]
    assert [item["message_id"] for item in items] == ["m1", "m2"]
