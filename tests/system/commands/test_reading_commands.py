"""`lyftr tail --follow`, and what commands read beside a server."""

import json
import signal
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from lyftr_core.testing.strategies.samples import sample
from tests.support.command_processes import Process, running_with_pipes
from tests.support.results import records
from tests.support.server import PATIENCE, Lyftr, LyftrServer, Serve
from tests.support.stores import ON_BOTH, Inbox
from tests.support.terminal import on_a_terminal

_NONE: Mapping[str, str] = {}


def following(
    folder: Path, *options: str, variables: Mapping[str, str] = _NONE
) -> AbstractContextManager[Process]:
    return running_with_pipes(folder, "tail", "--follow", *options, **variables)


def next_id(process: Process) -> str:
    assert process.stdout is not None
    return str(json.loads(process.stdout.readline())["message_id"])


@ON_BOTH
def test_tail_follows_what_is_committed_and_goes_on_later(
    serve: Serve, tmp_path: Path, database_variables: dict[str, str]
) -> None:
    with serve() as server:
        server.deliver("m1").raise_for_status()
        with following(tmp_path, variables=database_variables) as process:
            assert next_id(process) == "m1"
            for number in range(2, 6):
                server.deliver(f"m{number}", ts="2020-01-15T09:28:35Z").raise_for_status()
                assert next_id(process) == f"m{number}"
            process.send_signal(signal.SIGINT)
            printed, said = process.communicate(timeout=PATIENCE)
        assert (process.returncode, printed, said.strip()) == (130, b"", b"")
        server.deliver("m6").raise_for_status()
        fourth = str(server.http.get("/messages/m4").json()["seq"])
        with following(tmp_path, "--after", fourth, variables=database_variables) as process:
            assert [next_id(process), next_id(process)] == ["m5", "m6"]
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) == 130


@ON_BOTH
def test_tail_follows_over_a_restart_of_the_server(
    serve: Serve, tmp_path: Path, database_variables: dict[str, str]
) -> None:
    with serve() as server:
        server.deliver("m1").raise_for_status()
        sender = ("--from", "+919876543210")
        with following(tmp_path, *sender, variables=database_variables) as process:
            assert next_id(process) == "m1"
            server.stop(signal.SIGKILL)
            with serve() as other:
                send_two(other)
                assert next_id(process) == "m3"
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) == 130


def send_two(server: LyftrServer) -> None:
    server.deliver("m2", **{"from": "+12"}).raise_for_status()
    server.deliver("m3").raise_for_status()


@ON_BOTH
def test_the_json_is_that_of_the_server(serve: Serve, lyftr: Lyftr) -> None:
    with serve() as server:
        for number in range(3):
            server.deliver(f"m{number}", text="\u202e é\n").raise_for_status()
        items = server.http.get("/messages").json()["items"]
        assert records(lyftr("tail")) == items
        assert records(lyftr("search", "é")) == items[::-1]
        assert records(lyftr("stats")) == [server.http.get("/stats").json()]


def test_a_followed_table_goes_on_below(inbox: Inbox, tmp_path: Path) -> None:
    inbox.add(sample("m1", text="first"))
    with on_a_terminal(tmp_path, "tail", "--follow") as terminal:
        terminal.wait_for("first")
        inbox.add(sample("m2", text="second"))
        terminal.wait_for("second")
        terminal.interrupt()
        status, text = terminal.end()
    assert status == 130
    assert text.count("SEQ") == 1
