"""The promise on PostgreSQL: three servers, one database, and whatever can be killed is killed.

Half of `KILL_ROUNDS` says how often; `nox -s torture` sets it. `KILL_SEED` chooses the same again.
"""

import os
import random
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack

from tests.support.load import Load
from tests.support.log_reader import LogReader
from tests.support.postgresql.server import PostgresServer
from tests.support.server import SECRET, LyftrServer, Serve
from tests.support.stored_postgres import assert_kept_in, expected_stats

Show = Callable[[str], None]

ROUNDS = int(os.environ.get("KILL_ROUNDS", "30")) // 2
"""Each kills a server, connections, or PostgreSQL itself."""
_SERVERS = 3
_SENDERS = 3
"""Of each load."""
_MOST = 500.0
"""At most so many messages of one load are acknowledged before something is killed."""


class Service:
    """Three servers on one PostgreSQL, with the load on them, and what goes wrong.

    Half of the load comes to all three servers at the same time, so that they race for it.
    """

    def __init__(
        self, serve: Serve, postgres: PostgresServer, chance: random.Random, stack: ExitStack
    ) -> None:
        self._serve, self._postgres, self._chance, self._stack = serve, postgres, chance, stack
        self.servers = [self._start() for _ in range(_SERVERS)]
        self.loads = [
            stack.enter_context(Load(server.port, SECRET, name, senders=_SENDERS))
            for server in self.servers
            for name in ("race", f"own{server.port}")
        ]
        self.reader = stack.enter_context(LogReader(self.servers[0].port))

    @property
    def acknowledged(self) -> set[str]:
        """The identifiers of all messages that were acknowledged by any server."""
        return {message_id for load in self.loads for message_id in load.acknowledged}

    def kill_a_server(self) -> None:
        """`kill -9`, and start it again on its port."""
        number = self._chance.randrange(_SERVERS)
        victim = self.servers[number]
        assert victim.stop(signal.SIGKILL) == -signal.SIGKILL
        self.servers[number] = self._start("--port", str(victim.port))

    def kill_all_at_once(self) -> None:
        """All servers and PostgreSQL, as when the power fails."""
        for server in self.servers:
            server.process.kill()
        self._postgres.restart("immediate")
        for server in self.servers:
            server.process.wait()
        self.servers = [self._start("--port", str(server.port)) for server in self.servers]

    def kill_connections(self) -> None:
        """All those that the servers have."""
        assert self._postgres.kill_backends("lyftr")

    def kill_one_connection(self) -> None:
        """Any one of them, perhaps while it commits."""
        self._postgres.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'lyftr' ORDER BY random() LIMIT 1"
        )

    def crash_postgres(self) -> None:
        """Stop it at once, and start it; the servers stay."""
        self._postgres.restart("immediate")

    def restart_postgres(self) -> None:
        """Stop it as an administrator does, and start it; the servers stay."""
        self._postgres.restart("fast")

    def _start(self, *options: str) -> LyftrServer:
        url = self._postgres.tcp_url("inbox")
        return self._stack.enter_context(self._serve(*options, DATABASE_URL=url))


_FAULTS = (
    Service.kill_a_server,
    Service.kill_connections,
    Service.kill_one_connection,
    Service.crash_postgres,
    Service.restart_postgres,
    Service.kill_all_at_once,
)


def test_three_servers_keep_the_promise_whatever_is_killed(
    serve: Serve, primary_to_break: PostgresServer, chance: random.Random, show: Show
) -> None:
    postgres = primary_to_break
    done: Counter[str] = Counter()
    with ExitStack() as stack:
        service = Service(serve, postgres, chance, stack)
        for round_ in range(ROUNDS):
            chance.choice(service.loads).wait_for(int(_MOST ** chance.random()))
            fault = _FAULTS[round_] if round_ < len(_FAULTS) else chance.choice(_FAULTS)
            fault(service)
            done[fault.__name__] += 1
            for load in service.loads:  # it goes on by itself, at each server
                load.wait_for(1)
        for load in service.loads:
            load.stop()
        rows = assert_kept_in(postgres.tcp_url("inbox"), service.acknowledged)
        service.reader.wait_for(len(rows))
        assert service.reader.received == [row.message_id for row in rows]
        for server in service.servers:
            assert server.process.poll() is None
            stats = server.http.get("/stats").raise_for_status().json()
            assert stats | expected_stats(rows) == stats
            assert server.http.get("/health/ready").status_code == 200
    assert {answer.status for load in service.loads for answer in load.answers} <= {200, 503}
    assert "deadlock detected" not in (postgres.folder / "log").read_text(errors="replace")
    show(
        f"{done.total()} faults ({', '.join(f'{name} {done[name]}' for name in sorted(done))}):"
        f" {len(service.acknowledged)} messages acknowledged, {len(rows)} stored, none lost, none"
        f" twice; the log reader got each once, in {service.reader.failures} failed requests"
    )
