"""PostgreSQL goes away under load and comes back: 503 meanwhile, nothing lost, on by itself."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from tests.support.disks import mounted
from tests.support.faults import fill
from tests.support.listeners import Listeners
from tests.support.load import Answer, Load
from tests.support.postgresql.fixtures import with_inbox
from tests.support.postgresql.installation import Installation
from tests.support.postgresql.server import PostgresServer, StopMode
from tests.support.server import SECRET, LyftrServer, Serve
from tests.support.stored_postgres import assert_kept_in

_TAKEN = Answer(200, None)
_REFUSED = Answer(503, "1")
_SENDERS = 16
_SHORT_LOG = {"min_wal_size": "32MB", "max_wal_size": "64MB"}
_READS = ("/messages?q=says", "/messages?limit=100", "/messages/m-1", "/stats", "/messages?after=0")

Show = Callable[[str], None]


@pytest.fixture
def database_on_a_small_disk(postgres_installation: Installation) -> Iterator[PostgresServer]:
    # Not in the folder of the test, into which PostgreSQL's own user may not go.
    with (
        TemporaryDirectory(prefix="lyftr-", dir="/tmp") as name,
        mounted(Path(name), "256m"),
        with_inbox(
            PostgresServer(postgres_installation, settings=_SHORT_LOG, within=Path(name))
        ) as server,
    ):
        yield server


def ready(server: LyftrServer) -> Answer:
    """Return what readiness answers."""
    answer = server.http.get("/health/ready")
    return Answer(answer.status_code, answer.headers.get("Retry-After"))


def reads(server: LyftrServer) -> set[int]:
    """Return what reads of messages that are there are answered."""
    return {server.http.get(target).status_code for target in _READS}


def stored(database: PostgresServer) -> set[str]:
    return set(database.sql("SELECT message_id FROM messages", "inbox").splitlines())


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_that_is_stopped_is_answered_503_loses_nothing_and_service_resumes(
    serve: Serve, inbox_server: PostgresServer, mode: StopMode, show: Show
) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(serve(DATABASE_URL=inbox_server.tcp_url("inbox")))
        listeners = stack.enter_context(Listeners(server.port, [""]))
        load = stack.enter_context(Load(server.port, SECRET, "m", senders=_SENDERS))
        load.wait_for(200)
        load.wait_until(lambda: "m-1" in load.acknowledged)
        inbox_server.stop(mode)
        load.wait_until(lambda: load.answers[_REFUSED] >= _SENDERS)
        load.wait_until(lambda: ready(server) == _REFUSED)
        checks = server.http.get("/health/ready").json()["checks"]
        assert {name for name, said in checks.items() if said != "ok"} == {"database"}
        assert reads(server) == {503}
        inbox_server.start()
        load.wait_until(lambda: ready(server) == _TAKEN)
        load.wait_until(lambda: reads(server) == {200})
        load.wait_for(200)
        load.stop()
        kept = stored(inbox_server)
        assert load.acknowledged.keys() <= kept
        listeners.wait_until(lambda: listeners.counts() == {len(kept)})
        assert {event.message_id for event in listeners.received[0]} == kept
        assert server.stop() == 0
    assert load.answers.keys() == {_TAKEN, _REFUSED}
    assert load.unanswered == []
    assert "Traceback" not in server.output.read_text()
    show(f"{load.answers[_TAKEN]} answered 200, {load.answers[_REFUSED]} answered 503; none lost")


def test_connections_that_are_killed_cost_nothing_but_a_503(
    serve: Serve, inbox_server: PostgresServer, show: Show
) -> None:
    with (
        serve(DATABASE_URL=inbox_server.url("inbox")) as server,
        Listeners(server.port, [""]) as listeners,
        Load(server.port, SECRET, "m", senders=_SENDERS) as load,
    ):
        for _ in range(5):
            load.wait_for(100)
            assert inbox_server.kill_backends("lyftr") > 0
            load.wait_until(lambda: reads(server) == {200})
        load.wait_for(100)
        load.stop()
        kept = stored(inbox_server)
        assert load.acknowledged.keys() <= kept
        listeners.wait_until(lambda: listeners.counts() == {len(kept)})
        assert {event.message_id for event in listeners.received[0]} == kept
    assert load.answers.keys() <= {_TAKEN, _REFUSED}
    assert "Traceback" not in server.output.read_text()
    show(f"{load.answers[_TAKEN]} answered 200, {load.answers[_REFUSED]} answered 503; none lost")


def test_a_table_that_somebody_has_locked_is_answered_503_until_it_is_free(
    serve: Serve, inbox_server: PostgresServer
) -> None:
    with serve(DATABASE_URL=inbox_server.url("inbox")) as server:
        server.deliver("m1").raise_for_status()
        with psycopg.connect(inbox_server.url("inbox")) as other:
            other.execute("LOCK TABLE messages IN EXCLUSIVE MODE")
            answer = server.deliver("m2")
            assert answer.status_code == 503
            assert answer.headers["Retry-After"]
            assert server.http.get("/messages/m1").status_code == 200
            other.rollback()
        assert server.deliver("m2").status_code == 200
        assert server.http.get("/stats").json()["total_messages"] == 2


def test_a_full_disk_is_answered_503_loses_nothing_and_service_resumes_after_it(
    serve: Serve, database_on_a_small_disk: PostgresServer, show: Show
) -> None:
    database = database_on_a_small_disk
    with (
        serve(DATABASE_URL=database.tcp_url("inbox")) as server,
        Load(server.port, SECRET, "m", senders=_SENDERS) as load,
    ):
        load.wait_for(200)
        ballast = fill(database.folder)
        load.wait_until(lambda: load.answers[_REFUSED] >= 10 * _SENDERS)
        load.wait_until(lambda: ready(server) == _REFUSED)
        refused, taken = load.answers[_REFUSED], load.answers[_TAKEN]
        ballast.unlink()
        if not database.is_running:  # it gives up where it cannot write its log
            database.start()
        load.wait_until(lambda: ready(server) == _TAKEN)
        load.wait_until(lambda: load.answers[_TAKEN] >= taken + 200)
        load.stop()
        assert server.stop() == 0
    assert load.answers.keys() == {_TAKEN, _REFUSED}
    assert load.unanswered == []
    assert_kept_in(database.tcp_url("inbox"), load.acknowledged)
    assert "Traceback" not in server.output.read_text()
    show(
        f"{taken} answered 200, {refused} answered 503, and then {load.answers[_TAKEN] - taken} 200"
    )
