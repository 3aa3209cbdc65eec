"""`lyftr tail`, `lyftr search` and `lyftr stats`: beside a server, for people and for programs."""

import json
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lyftr_core.testing.samples import NOON, sample
from lyftr_sqlite import SqliteStore
from tests.end_to_end.conftest import (
    LYFTR,
    PATIENCE,
    Lyftr,
    LyftrServer,
    Serve,
    environment,
    refusal,
)
from tests.end_to_end.stores import ON_BOTH, open_store
from tests.end_to_end.terminal import on_a_terminal

_A_FILE: Mapping[str, str] = {}


async def fill(folder: Path, count: int, variables: Mapping[str, str] = _A_FILE) -> None:
    """Store `m1`, `m2` and so on: the later stored, the earlier its `ts`."""
    async with open_store(folder, variables) as store:
        for number in range(1, count + 1):
            ts = NOON - timedelta(minutes=number)
            message = sample(f"m{number}", text=f"Number {number}", ts=ts)
            await store.writer.add(message, received_at=NOON)


def listed(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    assert (done.returncode, done.stderr) == (0, b"")
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def ids(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    return [item["message_id"] for item in listed(done)]


@ON_BOTH
async def test_tail_shows_the_last_in_the_order_of_storing(
    lyftr: Lyftr, tmp_path: Path, database_variables: dict[str, str]
) -> None:
    await fill(tmp_path, 130, database_variables)
    seqs = [str(item["seq"]) for item in listed(lyftr("tail", "-n", "130"))]
    assert ids(lyftr("tail")) == [f"m{n}" for n in range(121, 131)]
    assert ids(lyftr("tail", "-n", "110")) == [f"m{n}" for n in range(21, 131)]
    assert ids(lyftr("tail", "-n", "1000")) == [f"m{n}" for n in range(1, 131)]
    assert ids(lyftr("tail", "-n", "0")) == []
    assert ids(lyftr("tail", "--after", seqs[126])) == ["m128", "m129", "m130"]
    assert ids(lyftr("tail", "--after", seqs[8])) == [f"m{n}" for n in range(10, 131)]
    assert ids(lyftr("tail", "--q", "NUMBER 1", "-n", "2")) == ["m129", "m130"]
    assert ids(lyftr("tail", "--until", "2026-01-15T09:51:00Z")) == ["m130"]


@ON_BOTH
async def test_tail_finds_the_last_of_few_far_back(
    lyftr: Lyftr, tmp_path: Path, database_variables: dict[str, str]
) -> None:
    await fill(tmp_path, 2, database_variables)
    async with open_store(tmp_path, database_variables) as store:
        for number in range(1_100):
            await store.writer.add(sample(f"other {number}", text="other"), received_at=NOON)
    assert ids(lyftr("tail", "--q", "number")) == ["m1", "m2"]


@contextmanager
def following(
    folder: Path, *options: str, variables: Mapping[str, str] = _A_FILE
) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [*LYFTR, "tail", "--follow", *options],
        cwd=folder,
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def next_id(process: subprocess.Popen[bytes]) -> str:
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
async def test_search_finds_the_latest_first_and_all(
    lyftr: Lyftr, tmp_path: Path, database_variables: dict[str, str]
) -> None:
    await fill(tmp_path, 230, database_variables)
    assert ids(lyftr("search", "NUMBER 1", "--limit", "3")) == ["m1", "m10", "m11"]
    assert ids(lyftr("search")) == [f"m{n}" for n in range(1, 21)]
    assert ids(lyftr("search", "--limit", "150")) == [f"m{n}" for n in range(1, 151)]
    assert ids(lyftr("search", "number", "--all")) == [f"m{n}" for n in range(1, 231)]
    assert ids(lyftr("search", "%", "--all")) == []
    options = ("--since", "2026-01-15T11:50:00Z", "--until", "2026-01-15T11:52:00Z")
    assert ids(lyftr("search", *options)) == ["m9", "m10"]
    assert ids(lyftr("search", "--from", "+12")) == []


@ON_BOTH
def test_the_json_is_that_of_the_server(serve: Serve, lyftr: Lyftr) -> None:
    with serve() as server:
        for number in range(3):
            server.deliver(f"m{number}", text="\u202e é\n").raise_for_status()
        items = server.http.get("/messages").json()["items"]
        assert listed(lyftr("tail")) == items
        assert listed(lyftr("search", "é")) == items[::-1]
        assert listed(lyftr("stats")) == [server.http.get("/stats").json()]


async def test_no_text_can_disturb_a_terminal(lyftr: Lyftr, tmp_path: Path) -> None:
    await fill(tmp_path, 1)
    async with SqliteStore(f"sqlite:///{tmp_path}/lyftr.db") as store:
        text = "a\x1b]0;title\x07\x1b[31m\n\u202eb\x9b"
        await store.writer.add(sample("id \u2066", text=text), received_at=NOON)
    shown = "a\\u001b]0;title\\u0007\\u001b[31m\\n\\u202eb\\u009b"
    for command in (("tail",), ("search", "title")):
        with on_a_terminal(tmp_path, *command, width=200) as terminal:
            status, printed = terminal.end()
        assert status == 0
        assert shown in printed
        assert "id \\u2066" in printed
        assert b"\x1b]" not in terminal.printed
        assert lyftr(*command, "--table").stdout.decode().count(shown) == 1


async def test_a_terminal_shows_a_table_that_fits_with_what_was_found(tmp_path: Path) -> None:
    await fill(tmp_path, 25)
    with on_a_terminal(tmp_path, "search", "number 1", "--limit", "2") as terminal:
        _, text = terminal.end()
    assert b"\x1b[1;7mNumber 1" in terminal.printed
    lines = text.splitlines()
    assert lines[0].split() == ["SEQ", "TS", "FROM", "TO", "TEXT"]
    assert all(len(line) <= 80 for line in lines)
    assert lines[-1] == "2 of 11; --limit or --all shows more"
    with on_a_terminal(tmp_path, "search", "number 2", width=150) as terminal:
        _, text = terminal.end()
    assert "MESSAGE ID" in text
    assert text.endswith("\n7 found\n")


def test_a_followed_table_goes_on_below(serve: Serve, tmp_path: Path) -> None:
    with serve() as server:
        server.deliver("m1", text="first").raise_for_status()
        with on_a_terminal(tmp_path, "tail", "--follow") as terminal:
            terminal.wait_for("first")
            server.deliver("m2", text="second").raise_for_status()
            terminal.wait_for("second")
            terminal.interrupt()
            status, text = terminal.end()
    assert status == 130
    assert text.count("SEQ") == 1


@ON_BOTH
async def test_stats_are_figures_and_bars_for_people(
    lyftr: Lyftr, tmp_path: Path, database_variables: dict[str, str]
) -> None:
    await fill(tmp_path, 90, database_variables)
    with on_a_terminal(tmp_path, "stats", variables=database_variables) as terminal:
        status, text = terminal.end()
    assert status == 0
    rows = [line.split() for line in text.splitlines()]
    assert ["messages", "90"] in rows
    assert ["2026-01-15", "11:00", "60", "█" * 40] in rows
    assert ["2026-01-15", "10:00", "30", "█" * 20] in rows
    assert all(len(line) <= 80 for line in text.splitlines())
    plain = lyftr("stats", "--table", PYTHONIOENCODING="ascii").stdout.decode("ascii")
    assert "#" * 40 in plain


@ON_BOTH
def test_an_empty_database_has_nothing_to_show(lyftr: Lyftr) -> None:
    lyftr("migrate")
    assert (listed(lyftr("tail")), listed(lyftr("search"))) == ([], [])
    assert listed(lyftr("stats"))[0]["total_messages"] == 0
    assert lyftr("stats", "--table").stdout.decode().split()[:2] == ["messages", "0"]
    assert lyftr("search", "x", "--table").stderr == b"0 found\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["tail", "-n", "1", "--after", "1"], "-n and --after exclude each other"),
        (["tail", "--from", "12"], "--from must be an E.164 phone number"),
        (["tail", "--since", "yesterday"], "--since must be as in"),
        (["tail", "--after", "x"], "--after"),
        (["search", ""], "TEXT must not be empty"),
        (["search", "a" * 257], "TEXT must have at most 256"),
        (["search", "--limit", "0"], "--limit"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(lyftr: Lyftr, arguments: list[str], words: str) -> None:
    assert words in refusal(lyftr(*arguments))
