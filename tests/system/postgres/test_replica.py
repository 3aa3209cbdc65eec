"""`DATABASE_READ_URL` with a real standby, and a `DATABASE_URL` of several hosts."""

import json
from collections.abc import Iterator

import pytest

from tests.support.polling import wait_until
from tests.support.postgresql.server import USER, PostgresServer
from tests.support.postgresql.standby import StandbyServer
from tests.support.server import Lyftr, LyftrServer, Serve


@pytest.fixture
def primary(inbox_server: PostgresServer) -> PostgresServer:
    return inbox_server


@pytest.fixture
def standby(primary: PostgresServer) -> Iterator[StandbyServer]:
    with StandbyServer(primary) as server:
        yield server


def serve_both(serve: Serve, primary: PostgresServer, standby: StandbyServer) -> LyftrServer:
    return serve(DATABASE_URL=primary.url("inbox"), DATABASE_READ_URL=standby.url("inbox"))


def wait_for_total(server: LyftrServer, total: int) -> None:
    wait_until(lambda: _total(server) == total)


def _total(server: LyftrServer) -> int | None:
    answer = server.http.get("/messages")
    # The database of the primary may have come to the standby, and its tables not yet.
    assert answer.status_code in {200, 503}
    found: int | None = answer.json().get("total")
    return found


def test_lists_and_statistics_and_the_page_are_the_replicas_and_all_else_is_the_primarys(
    serve: Serve, primary: PostgresServer, standby: StandbyServer
) -> None:
    with serve_both(serve, primary, standby) as server:
        server.deliver("shown", text="one").raise_for_status()
        wait_for_total(server, 1)
        standby.sql("SELECT pg_wal_replay_pause()")
        server.deliver("lately", text="two").raise_for_status()
        assert _total(server) == 1
        assert server.http.get("/messages?q=two").json()["total"] == 0
        assert len(server.http.get("/messages?after=0").json()["items"]) == 1
        assert server.http.get("/stats").json()["total_messages"] == 1
        assert "lately" not in server.http.get("/").text
        assert server.http.get("/messages/lately").status_code == 200
        assert server.http.get("/health/ready").status_code == 200
        with server.http.stream("GET", "/stream?after=0") as stream:
            lines = stream.iter_lines()
            assert any('"lately"' in line for line in lines)
        standby.sql("SELECT pg_wal_replay_resume()")
        wait_for_total(server, 2)


def test_without_the_replica_lists_are_answered_503_and_webhooks_go_on(
    serve: Serve, primary: PostgresServer, standby: StandbyServer
) -> None:
    with serve_both(serve, primary, standby) as server:
        server.deliver("m1").raise_for_status()
        wait_for_total(server, 1)
        standby.stop("immediate")
        for target in ("/messages", "/messages?q=x", "/messages?after=0", "/stats"):
            answer = server.http.get(target)
            assert answer.status_code == 503
            assert answer.headers["Retry-After"]
        assert server.http.get("/").status_code == 503
        assert server.deliver("m2").status_code == 200
        assert server.http.get("/messages/m2").status_code == 200
        assert server.http.get("/health/ready").status_code == 200
        standby.start()
        wait_for_total(server, 2)
    assert "Traceback" not in server.output.read_text()


@pytest.mark.parametrize("is_primary_first", [True, False])
def test_of_several_hosts_the_one_that_takes_writes_is_used(
    serve: Serve, primary: PostgresServer, standby: StandbyServer, *, is_primary_first: bool
) -> None:
    ports = [primary.port, standby.port] if is_primary_first else [standby.port, primary.port]
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    url = f"postgresql://{USER}@{hosts}/inbox"
    with serve(DATABASE_URL=url) as server:
        server.deliver("m1").raise_for_status()
        assert server.http.get("/health/ready").status_code == 200
        primary.stop("immediate")
        assert server.deliver("m2").status_code == 503
        wait_until(lambda: server.http.get("/health/ready").status_code == 503)


def test_of_several_replicas_a_standby_is_asked(
    serve: Serve, primary: PostgresServer, standby: StandbyServer
) -> None:
    hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
    read_url = f"postgresql://{USER}@{hosts}/inbox"
    with serve(DATABASE_URL=primary.url("inbox"), DATABASE_READ_URL=read_url) as server:
        server.deliver("shown").raise_for_status()
        wait_for_total(server, 1)
        standby.sql("SELECT pg_wal_replay_pause()")
        server.deliver("lately").raise_for_status()
        assert _total(server) == 1
        standby.stop("immediate")
        wait_for_total(server, 2)  # now the primary is asked


def test_tail_misses_nothing_that_the_replica_does_not_have_yet(
    serve: Serve, lyftr: Lyftr, primary: PostgresServer, standby: StandbyServer
) -> None:
    with serve_both(serve, primary, standby) as server:
        server.deliver("early").raise_for_status()
        wait_for_total(server, 1)
        standby.sql("SELECT pg_wal_replay_pause()")
        server.deliver("late").raise_for_status()
    urls = {"DATABASE_URL": primary.url("inbox"), "DATABASE_READ_URL": standby.url("inbox")}
    for options in ((), ("--after", "0")):
        lines = lyftr("tail", *options, **urls).stdout.decode().splitlines()
        assert [json.loads(line)["message_id"] for line in lines] == ["early", "late"]
