"""Conflicts, through real processes and a real file: answered 200, seen, and listed."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from lyftr_core.testing.samples import NOON, sample
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
_TIME = re.compile(r"[0-9-]{10}T[0-9:]{8}(\.[0-9]*[1-9])?Z")


def listed(lyftr: Lyftr, *options: str) -> list[dict[str, Any]]:
    """Return the conflicts that the command lists."""
    done = lyftr("conflicts", "--json", *options)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def counted(server: LyftrServer, result: str) -> float:
    text = server.http.get("/metrics").text
    return next(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "webhook_requests_total" and sample.labels == {"result": result}
    )


@ON_BOTH
def test_a_conflict_is_answered_200_and_the_first_is_kept_and_it_is_seen_everywhere(
    serve: Serve, lyftr: Lyftr
) -> None:
    with serve() as server:
        assert server.deliver("m1", text="first").json() == {"status": "ok"}
        kept = server.http.get("/messages/m1").json()
        answer = server.deliver("m1", text="second", to="+14155550199")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        assert server.http.get("/messages/m1").json() == kept
        assert server.http.get("/messages").json()["total"] == 1
        line = server.wait_for_line('"result":"conflict"')
        assert (line["status"], line["message_id"], line["duplicate"]) == (200, "m1", False)
        assert counted(server, "conflict") == 1
        (conflict,) = listed(lyftr)  # while the server runs
    assert list(conflict) == [
        *("message_id", "fields", "first_received_at", "last_received_at", "deliveries")
    ]
    assert (conflict["message_id"], conflict["fields"]) == ("m1", ["to", "text"])
    assert conflict["deliveries"] == 1
    assert conflict["first_received_at"] == conflict["last_received_at"]
    assert _TIME.fullmatch(conflict["first_received_at"])


@ON_BOTH
def test_a_conflict_that_was_answered_is_listed_after_kill_9(
    serve: Serve, lyftr: Lyftr, database_variables: dict[str, str]
) -> None:
    with serve() as server:
        server.deliver("m1").raise_for_status()
        server.deliver("m1", text="second").raise_for_status()
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    (conflict,) = listed(lyftr)
    assert (conflict["message_id"], conflict["fields"]) == ("m1", ["text"])
    assert database_variables or lyftr("check").returncode == 0


async def fill(folder: Path, *message_ids: str, variables: Mapping[str, str] = _A_FILE) -> None:
    """Make a database with two conflicting deliveries under each identifier, a second apart."""
    async with open_store(folder, variables) as store:
        for count, message_id in enumerate(message_ids):
            message = sample(message_id)
            await store.writer.add(message, received_at=NOON)
            for second in (count, count + 60):
                received_at = datetime.fromtimestamp(NOON.timestamp() + second, UTC)
                other = replace(message, sender="+12", text=None)
                await store.writer.add(other, received_at=received_at)


@ON_BOTH
async def test_the_table_is_aligned_and_has_everything(
    lyftr: Lyftr, tmp_path: Path, database_variables: dict[str, str]
) -> None:
    await fill(tmp_path, "m1", "m" * 255, variables=database_variables)
    done = lyftr("conflicts", "--table")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode("ascii").splitlines() == [
        "DELIVERIES  FIRST RECEIVED        LAST RECEIVED         FIELDS     MESSAGE ID",
        f'         2  2026-01-15T12:00:01Z  2026-01-15T12:01:01Z  from,text  "{"m" * 255}"',
        '         2  2026-01-15T12:00:00Z  2026-01-15T12:01:00Z  from,text  "m1"',
    ]


async def test_on_a_terminal_it_is_a_coloured_table_that_fits(tmp_path: Path) -> None:
    await fill(tmp_path, "m" * 255)
    with on_a_terminal(tmp_path, "conflicts", width=90) as terminal:
        status, text = terminal.end()
    assert status == 0
    assert b"\x1b[1m" in terminal.printed
    assert all(len(line) <= 90 for line in text.splitlines())
    assert text.count("m") - text.count("from") == 255
    with on_a_terminal(tmp_path, "conflicts", variables={"NO_COLOR": "1"}) as terminal:
        terminal.end()
    assert b"\x1b[3" not in terminal.printed
    with on_a_terminal(tmp_path, "conflicts", "--json") as terminal:
        assert json.loads(terminal.end()[1])["message_id"] == "m" * 255


async def test_no_identifier_can_disturb_a_terminal(lyftr: Lyftr, tmp_path: Path) -> None:
    """Format characters turn a line round, or hide a part of it."""
    awkward = "\u202e\u2066\u200b\ufeff漢\U000e0001\u2028\\é"
    await fill(tmp_path, awkward)
    line = lyftr("conflicts", "--table").stdout.decode().splitlines()[1]
    assert line.isprintable()
    assert json.loads(line.split("  ")[-1]) == awkward
    (conflict,) = listed(lyftr)
    assert conflict["message_id"] == awkward
    lines = lyftr("conflicts").stdout.decode().splitlines()
    assert len(lines) == 1
    assert lines[0].isprintable()


@pytest.mark.parametrize("option", ["--json", "--table"])
async def test_a_reader_that_goes_away_ends_it_without_a_word(tmp_path: Path, option: str) -> None:
    await fill(tmp_path, "m1")
    assert printed_to_nobody(tmp_path, "conflicts", option) == (1, b"")


def printed_to_nobody(folder: Path, *arguments: str) -> tuple[int, bytes]:
    """Run a command whose output nobody reads any more; return its status and its complaints."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as output:
        done = subprocess.run(
            [*LYFTR, *arguments],
            cwd=folder,
            env=environment(),
            stdout=output,
            stderr=subprocess.PIPE,
            timeout=PATIENCE,
            check=False,
        )
    return done.returncode, done.stderr


@ON_BOTH
async def test_the_latest_are_shown_and_that_there_are_more(
    lyftr: Lyftr, tmp_path: Path, database_variables: dict[str, str]
) -> None:
    await fill(tmp_path, "m1", "m2", "m3", variables=database_variables)
    done = lyftr("conflicts", "--table", "--limit", "2")
    assert [line.split()[-1] for line in done.stdout.decode().splitlines()[1:]] == ['"m3"', '"m2"']
    assert done.stderr.decode() == "only the latest 2 are shown; --limit shows more\n"
    assert [c["message_id"] for c in listed(lyftr, "--limit", "3")] == ["m3", "m2", "m1"]
    assert lyftr("conflicts", "--limit", "3").stderr == b""


@ON_BOTH
def test_without_conflicts_it_says_so_and_prints_no_json(lyftr: Lyftr) -> None:
    assert lyftr("migrate").returncode == 0
    done = lyftr("conflicts", "--table")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"no conflicts\n", b"")
    assert listed(lyftr) == []


@pytest.mark.parametrize("limit", ["0", "x"])
def test_a_limit_that_is_none_is_refused_in_one_line(lyftr: Lyftr, limit: str) -> None:
    assert lyftr("migrate").returncode == 0
    assert "limit" in refusal(lyftr("conflicts", "--limit", limit))
