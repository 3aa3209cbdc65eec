"""A primary dies under load, and its synchronous standby takes its place."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from tests.support.load import Load
from tests.support.log_reader import LogReader
from tests.support.polling import wait_until
from tests.support.postgresql.server import USER, PostgresServer
from tests.support.postgresql.standby import StandbyServer
from tests.support.server import SECRET, Serve
from tests.support.stored_postgres import assert_kept_in, expected_stats

Show = Callable[[str], None]


@pytest.fixture
def primary(primary_to_break: PostgresServer) -> PostgresServer:
    return primary_to_break


@pytest.fixture
def standby(synchronous_standby: StandbyServer) -> StandbyServer:
    return synchronous_standby


class Transcript:
    """Shows what happened, when, and how many messages had been acknowledged by then."""

    def __init__(self, show: Show, loads: list[Load]) -> None:
        self._show, self._loads = show, loads
        self._began = time.monotonic()

    @property
    def acknowledged(self) -> set[str]:
        """All messages that were acknowledged by any server."""
        return {message_id for load in self._loads for message_id in load.acknowledged}

    def note(self, event: str) -> None:
        """Add a line."""
        elapsed = time.monotonic() - self._began
        self._show(f"{elapsed:6.2f} s  {event}; {len(self.acknowledged)} acknowledged")


@pytest.mark.parametrize("death", ["immediate", "kill -9"])
def test_after_a_promotion_service_resumes_by_itself_and_nothing_acknowledged_is_missing(
    serve: Serve, primary: PostgresServer, standby: StandbyServer, show: Show, death: str
) -> None:
    hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
    url = f"postgresql://{USER}@{hosts}/inbox"
    with ExitStack() as stack:
        servers = [stack.enter_context(serve(DATABASE_URL=url)) for _ in range(2)]
        loads = [
            stack.enter_context(Load(server.port, SECRET, name, senders=4))
            for server in servers
            for name in ("race", f"own{server.port}")
        ]
        reader = stack.enter_context(LogReader(servers[0].port))
        transcript = Transcript(show, loads)
        transcript.note("two servers take webhooks, each commit waits for the standby")
        loads[0].wait_for(500)
        transcript.note(f"the primary is about to die ({death})")
        if death == "kill -9":
            os.kill(primary.pid, signal.SIGKILL)
        primary.stop("immediate")
        transcript.note("the primary is dead")
        refused = sum(load.answers.total() - len(load.acknowledged) for load in loads)
        loads[0].wait_until(
            lambda: sum(ld.answers.total() - len(ld.acknowledged) for ld in loads) > refused
        )
        wait_until(lambda: servers[0].http.get("/health/ready").status_code == 503)
        transcript.note("webhooks are answered 503, /health/ready too")
        before = transcript.acknowledged
        standby.promote()
        transcript.note("the standby is promoted")
        for load in loads:
            load.wait_for(1)
        transcript.note("both servers have acknowledged again, by themselves")
        for load in loads:
            load.wait_for(200)
        wait_until(lambda: servers[0].http.get("/health/ready").status_code == 200)
        transcript.note("/health/ready is 200, the load goes on")
        for load in loads:
            load.stop()
        transcript.note("the load has ended")
        rows = assert_kept_in(standby.tcp_url("inbox"), transcript.acknowledged)
        transcript.note(f"{len(rows)} rows: each acknowledged one of {len(before)} before, and all")
        reader.wait_for(len(rows))
        assert reader.received == [row.message_id for row in rows]
        for server in servers:
            stats = server.http.get("/stats").raise_for_status().json()
            assert stats | expected_stats(rows) == stats
        transcript.note("a reader of the log has each message once, /stats agree with the table")
