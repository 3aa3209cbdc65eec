"""Several `lyftr serve` on one PostgreSQL: whoever takes a message, all give it, each once."""

import signal
from collections.abc import Callable
from contextlib import ExitStack
from urllib.parse import urlsplit

import psycopg
import pytest

from lyftr_postgres.connection.log_order import SEQ
from tests.support.listeners import Listeners, Received
from tests.support.load import Load
from tests.support.postgresql.database_server import DatabaseServer
from tests.support.postgresql.pgbouncer import PgBouncer
from tests.support.server import SECRET, LyftrServer, Serve

_LISTENERS = 20
"""At each server."""
_FILTER = "to=%2B20000000007"
"""What a tenth of the messages of a `Load` passes."""
_QUERIES = ["" if number % 10 else _FILTER for number in range(_LISTENERS)]
_INSERT = f"""INSERT INTO messages (message_id, sender, recipient, ts, text, received_at, seq)
    VALUES ('stalled', '+12', '+13', 0, NULL, 0, {SEQ} + 1)"""  # noqa: S608 - of a constant

Show = Callable[[str], None]


@pytest.fixture
def here(postgres_server: DatabaseServer, postgres_url: str) -> DatabaseServer:
    """Asks the database of the test."""
    return DatabaseServer(postgres_url, postgres_server.psql)


def in_log(here: DatabaseServer, recipients: str) -> list[Received]:
    """Return what is stored, in the order of the log."""
    query = f"SELECT seq, message_id FROM messages WHERE recipient LIKE '{recipients}' ORDER BY seq"  # noqa: S608 - of the test alone
    rows = (row.split("|") for row in here.sql(query).splitlines())
    return [Received(int(seq), message_id) for seq, message_id in rows]


def assert_each_has_all(listeners: Listeners, here: DatabaseServer) -> int:
    """Wait until everybody has come to the end of the log; none has a gap or anything twice."""
    everything, filtered = in_log(here, "%"), in_log(here, "+20000000007")
    assert filtered
    expected = [filtered if query else everything for query in _QUERIES]
    listeners.wait_until(lambda: [r[-1:] for r in listeners.received] == [e[-1:] for e in expected])
    assert listeners.received == expected
    return len(everything)


def test_listeners_at_two_servers_get_each_message_once_over_a_kill_9_of_one(
    serve: Serve, postgres_url: str, here: DatabaseServer, show: Show
) -> None:
    with ExitStack() as stack:
        servers = [serve(DATABASE_URL=postgres_url) for _ in range(2)]
        ports = [stack.enter_context(server).port for server in servers]
        listeners = [stack.enter_context(Listeners(port, _QUERIES)) for port in ports]
        loads = [stack.enter_context(Load(port, SECRET, f"m{port}", senders=4)) for port in ports]
        for load in loads:
            load.wait_for(500)
        assert servers[0].stop(signal.SIGKILL) == -signal.SIGKILL
        loads[1].wait_for(300)
        stack.enter_context(serve("--port", str(ports[0]), DATABASE_URL=postgres_url))
        for load in loads:
            load.wait_for(500)
            load.stop()
        messages = [assert_each_has_all(found, here) for found in listeners]
        stored = {received.message_id for received in in_log(here, "%")}
        assert {*loads[0].acknowledged, *loads[1].acknowledged} <= stored
        assert min(listeners[0].connected) >= 2
    show(f"{2 * _LISTENERS} listeners at two servers, {messages[0]} messages, one kill -9: no gap")


@pytest.fixture
def two(serve: Serve, postgres_url: str) -> tuple[LyftrServer, LyftrServer]:
    """Two servers; whatever still runs at the end is killed."""
    first, second = serve(DATABASE_URL=postgres_url), serve(DATABASE_URL=postgres_url)
    return first, second


def test_what_one_server_has_acknowledged_another_gives_at_once(
    two: tuple[LyftrServer, LyftrServer],
) -> None:
    with two[0] as first, two[1] as second:
        for number in range(20):
            taker, giver = (first, second) if number % 2 else (second, first)
            taker.deliver(f"m{number}").raise_for_status()
            assert giver.http.get(f"/messages/m{number}").status_code == 200
            assert giver.http.get("/messages").json()["total"] == number + 1
            assert giver.http.get("/stats").json()["total_messages"] == number + 1


def test_a_message_that_comes_to_both_is_stored_once_and_a_changed_one_is_a_conflict(
    two: tuple[LyftrServer, LyftrServer],
) -> None:
    with two[0] as first, two[1] as second:
        first.deliver("m1").raise_for_status()
        second.deliver("m1").raise_for_status()
        second.deliver("m1", text="changed").raise_for_status()
        assert second.wait_for_line('"result":"duplicate"')["message_id"] == "m1"
        assert second.wait_for_line('"result":"conflict"')["message_id"] == "m1"
        assert first.http.get("/messages").json()["total"] == 1
        assert second.http.get("/messages/m1").json()["text"] == "Hello"


def test_through_a_transaction_pool_a_stream_gets_what_another_server_takes(
    serve: Serve, postgres_server: DatabaseServer, postgres_url: str, pgbouncer: PgBouncer
) -> None:
    """Nobody can listen through it, so the log is looked at."""
    url = pgbouncer.url(urlsplit(postgres_url).path[1:])
    with (
        serve(DATABASE_URL=url) as first,
        serve(DATABASE_URL=url) as second,
        Listeners(second.port, [""]) as listeners,
    ):
        for number in range(20):
            first.deliver(f"m{number}").raise_for_status()
        listeners.wait_until(lambda: listeners.counts() == {20})
        assert [event.message_id for event in listeners.received[0]] == [
            f"m{number}" for number in range(20)
        ]
        assert second.http.get("/stats").json()["total_messages"] == 20


def test_a_stream_waits_for_a_writer_that_stalls_and_then_goes_on(
    serve: Serve, postgres_url: str
) -> None:
    with (
        serve(DATABASE_URL=postgres_url) as server,
        Listeners(server.port, [""]) as listeners,
        psycopg.connect(postgres_url) as stalled,
    ):
        stalled.execute(_INSERT)
        server.deliver("after").raise_for_status()
        assert server.http.get("/messages/after").status_code == 200
        page = server.http.get("/messages?after=0").json()
        assert (page["items"], page["has_more"]) == ([], False)
        assert listeners.counts() == {0}
        stalled.commit()
        listeners.wait_until(lambda: listeners.counts() == {2})
        assert [event.message_id for event in listeners.received[0]] == ["stalled", "after"]
