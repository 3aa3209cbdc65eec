"""The consumer against a real server: late messages, kills, refusals."""

import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

from tests.examples.commands import command, with_root
from tests.support.server import PATIENCE, LyftrServer, Serve, environment

TOKEN = "0123456789abcdef0123456789abcdef"


@contextmanager
def consume(
    folder: Path, url: str, *options: str, token: str = TOKEN
) -> Iterator[subprocess.Popen[str]]:
    """Run the command of the page for another address; what still runs at the end is killed."""
    variables, arguments = command("examples.consumer")
    arguments[arguments.index("http://127.0.0.1:8000")] = url
    with subprocess.Popen(
        [*arguments, *options],
        cwd=folder,
        env=with_root(environment(**variables, API_TOKEN=token)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def consume_once(folder: Path, server: LyftrServer) -> str:
    """Let the consumer handle everything; return what it says."""
    with consume(folder, url(server), "--once") as consumer:
        said, errors = consumer.communicate(timeout=PATIENCE)
    assert (consumer.returncode, errors) == (0, "")
    return said


def url(server: LyftrServer) -> str:
    return f"http://127.0.0.1:{server.port}"


def counts(folder: Path) -> dict[str, int]:
    """Return what the consumer has done so far."""
    with closing(sqlite3.connect(folder / "consumer.db", timeout=PATIENCE)) as connection:
        tables = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'messages_of'")
        if tables.fetchone() is None:
            return {}
        return dict(connection.execute("SELECT sender, count FROM messages_of"))


def wait_for(folder: Path, handled: int) -> None:
    """Wait until so many messages are handled."""
    deadline = time.monotonic() + PATIENCE
    while sum(counts(folder).values()) < handled:
        assert time.monotonic() < deadline, counts(folder)
        time.sleep(0.002)  # another process does it


def deliver(server: LyftrServer, group: str, number: int, day: int = 15) -> None:
    """Send messages of one sender and of one day."""
    for count in range(number):
        answer = server.deliver(
            f"{group}-{count}",
            **{"from": f"+1{day}", "ts": f"2026-01-{day:02}T09:{count % 60:02}:{count // 60:02}Z"},
        )
        assert answer.status_code == 200


def test_each_message_is_handled_once_and_the_consumer_goes_on_where_it_was(
    serve: Serve,
    tmp_path: Path,
) -> None:
    with serve(API_TOKENS=TOKEN) as server:
        assert consume_once(tmp_path, server) == "0 messages handled\n"
        deliver(server, "first", 120)
        assert consume_once(tmp_path, server) == "120 messages handled\n"
        assert consume_once(tmp_path, server) == "120 messages handled\n"
        deliver(server, "later", 3, day=16)
        assert consume_once(tmp_path, server) == "123 messages handled\n"
        with closing(sqlite3.connect(tmp_path / "consumer.db")) as connection:
            ((cursor,),) = connection.execute("SELECT cursor FROM place")
        page = server.http.get(
            "/messages",
            params={"cursor": cursor, "limit": 100},
            headers={"Authorization": f"Bearer {TOKEN}"},
        )
        assert len(page.json()["items"]) == 23  # it has not begun anew
    assert counts(tmp_path) == {"+115": 120, "+116": 3}


def test_late_messages_are_handled_too(serve: Serve, tmp_path: Path) -> None:
    with serve(API_TOKENS=TOKEN) as server:
        deliver(server, "in time", 210, day=20)
        consume_once(tmp_path, server)
        for day in (1, 19):
            deliver(server, f"late {day}", 2, day=day)
            consume_once(tmp_path, server)
    assert counts(tmp_path) == {"+120": 210, "+11": 2, "+119": 2}


def test_kill_9_in_the_middle_makes_nothing_happen_twice_or_never(
    serve: Serve,
    tmp_path: Path,
) -> None:
    """Whatever it is doing: waiting for a page, handling one, or committing."""
    sent = 0
    with serve(API_TOKENS=TOKEN) as server:
        for round_ in range(6):
            day = 28 - round_  # each late against the one before
            deliver(server, f"r{round_}", 130, day=day)
            with consume(tmp_path, url(server)) as consumer:
                # In some rounds it has come to a part of the new ones, in others to all.
                wait_for(tmp_path, sent + (1 if round_ % 2 else 130))
                consumer.send_signal(signal.SIGKILL)
            sent = sum(counts(tmp_path).values())
        assert consume_once(tmp_path, server) == "780 messages handled\n"
    assert counts(tmp_path) == {f"+1{28 - round_}": 130 for round_ in range(6)}


def test_wrong_token_is_one_line_and_a_failure(serve: Serve, tmp_path: Path) -> None:
    with serve(API_TOKENS=TOKEN) as server, consume(tmp_path, url(server), token="x") as consumer:
        _, errors = consumer.communicate(timeout=PATIENCE)
    assert (consumer.returncode, errors) == (1, "consumer: the server answers 401\n")


class BusyHandler(BaseHTTPRequestHandler):
    """Drops a connection, then answers 503 twice, then an empty page; notes when it was asked."""

    retry_after: ClassVar[Mapping[int, str]] = {1: "2", 2: "Wed, 21 Oct 2015 07:28:00 GMT"}
    asked: ClassVar[list[float]] = []

    def do_GET(self) -> None:
        self.asked.append(time.monotonic())
        if len(self.asked) == 1:
            self.close_connection = True
            return
        retry_after = self.retry_after.get(len(self.asked) - 1)
        body = b"" if retry_after else b'{"items": [], "total": 0, "next_cursor": null}'
        self.send_response(503 if retry_after else 200)
        if retry_after:
            self.send_header("Retry-After", retry_after)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


@contextmanager
def busy_server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), BusyHandler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_it_tries_again_and_waits_as_long_as_a_busy_server_asks_for(tmp_path: Path) -> None:
    BusyHandler.asked.clear()
    with busy_server() as address, consume(tmp_path, address, "--once") as consumer:
        said, errors = consumer.communicate(timeout=PATIENCE)
    assert (said, errors) == ("0 messages handled\n", "")
    dropped, busy, busy_again, answered = BusyHandler.asked
    assert busy - dropped >= 1
    assert busy_again - busy >= 2
    assert answered - busy_again >= 1
