"""The trap: a commit that is cancelled while it waits for the synchronous standby only warns.

It must not become a 2xx, nor may the redelivery that finds the row before the standby has it.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest

from tests.support.polling import wait_until
from tests.support.postgresql.pgbouncer import PgBouncer, PgBouncerMissing
from tests.support.postgresql.server import USER, PostgresServer
from tests.support.postgresql.standby import StandbyServer
from tests.support.server import LyftrServer, Serve

_WAITING = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


class Scene:
    """A server whose commits wait for a standby, which is away."""

    def __init__(self, server: LyftrServer, primary: PostgresServer) -> None:
        self._server, self._primary = server, primary
        self._pool = ThreadPoolExecutor()

    def deliver(self, message_id: str) -> Future[httpx.Response]:
        """Send a webhook, and return when its commit waits for the standby."""
        sent = self._pool.submit(self._server.deliver, message_id)
        wait_until(lambda: self.waiting == 1)
        assert not sent.done()
        return sent

    @property
    def waiting(self) -> int:
        """How many commits wait for the standby."""
        return int(self._primary.sql(f"SELECT count(*) {_WAITING}"))

    def stored(self, message_id: str) -> int:
        """How often the primary has a message."""
        query = f"SELECT count(*) FROM messages WHERE message_id = '{message_id}'"  # noqa: S608 - of the test alone
        return int(self._primary.sql(query, "inbox"))

    def end_wait(self, function: str) -> None:
        """Have the primary end the wait of a commit, by one of its functions."""
        assert self._primary.sql(f"SELECT {function}(pid) {_WAITING}") == "t"


@pytest.fixture
def primary(primary_to_break: PostgresServer) -> PostgresServer:
    return primary_to_break


@pytest.fixture
def standby(synchronous_standby: StandbyServer) -> StandbyServer:
    return synchronous_standby


@pytest.fixture(params=["directly", "against the role's defaults", "through pgbouncer"])
def scene(
    request: pytest.FixtureRequest, serve: Serve, primary: PostgresServer, standby: StandbyServer
) -> Iterator[Scene]:
    with ExitStack() as stack:
        url = primary.tcp_url("inbox")
        if request.param != "directly":
            for setting in ("client_min_messages = 'error'", "synchronous_commit = 'off'"):
                primary.sql(f"ALTER ROLE {USER} SET {setting}")
        if request.param == "through pgbouncer":
            try:
                url = stack.enter_context(PgBouncer(primary)).url("inbox")
            except PgBouncerMissing as missing:
                pytest.skip(str(missing))
        server = stack.enter_context(serve(DATABASE_URL=url))
        server.deliver("before").raise_for_status()
        standby.stop()
        yield Scene(server, primary)


@pytest.mark.parametrize("function", ["pg_cancel_backend", "pg_terminate_backend"])
def test_a_wait_for_the_standby_that_is_ended_is_a_503_and_so_is_the_duplicate(
    scene: Scene, primary: PostgresServer, standby: StandbyServer, function: str
) -> None:
    first = scene.deliver("m1")
    scene.end_wait(function)
    assert first.result().status_code == 503
    assert scene.stored("m1") == 1

    again = scene.deliver("m1")  # it waits too, though the row is there
    scene.end_wait(function)
    assert again.result().status_code == 503

    at_last = scene.deliver("m1")
    standby.start()
    assert at_last.result().status_code == 200
    primary.stop("immediate")
    standby.promote()
    assert standby.sql("SELECT count(*) FROM messages WHERE message_id = 'm1'", "inbox") == "1"


def test_a_standby_that_stays_away_is_a_503_and_so_is_the_duplicate(
    serve: Serve, primary: PostgresServer, standby: StandbyServer
) -> None:
    with serve(DATABASE_URL=primary.tcp_url("inbox")) as server:
        server.deliver("before").raise_for_status()
        standby.stop()
        scene = Scene(server, primary)
        assert scene.deliver("m1").result().status_code == 503
        assert scene.stored("m1") == 1
        assert server.http.get("/health/ready").status_code == 503
        wait_until(lambda: scene.waiting == 0)
        again = scene.deliver("m1")
        standby.start()
        assert again.result().status_code == 200
        wait_until(lambda: server.http.get("/health/ready").status_code == 200)
