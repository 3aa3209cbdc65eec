"""Conflicts, through real processes and a real file: answered 200, seen, and listed."""

import json
import re
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from lyftr_core.testing.samples import NOON, sample
from lyftr_sqlite import SqliteStore
from tests.end_to_end.conftest import Lyftr, LyftrServer, Serve, refusal

_TIME = re.compile(r"[0-9-]{10}T[0-9:]{8}(\.[0-9]*[1-9])?Z")


def listed(lyftr: Lyftr, *options: str) -> list[dict[str, Any]]:
    """Return the conflicts that the command lists."""
    done = lyftr("conflicts", "--json", *options)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.decode("ascii").splitlines()]


def counted(server: LyftrServer, result: str) -> float:
    text = server.http.get("/metrics").text
    return next(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "webhook_requests_total" and sample.labels == {"result": result}
    )


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


def test_a_conflict_that_was_answered_is_listed_after_kill_9(serve: Serve, lyftr: Lyftr) -> None:
    with serve() as server:
        server.deliver("m1").raise_for_status()
        server.deliver("m1", text="second").raise_for_status()
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    (conflict,) = listed(lyftr)
    assert (conflict["message_id"], conflict["fields"]) == ("m1", ["text"])
    assert lyftr("check").returncode == 0


async def fill(folder: Path, *message_ids: str) -> None:
    """Make a database with two conflicting deliveries under each identifier, a second apart."""
    async with SqliteStore(f"sqlite:///{folder}/lyftr.db") as store:
        for count, message_id in enumerate(message_ids):
            message = sample(message_id)
            await store.writer.add(message, received_at=NOON)
            for second in (count, count + 60):
                received_at = datetime.fromtimestamp(NOON.timestamp() + second, UTC)
                other = replace(message, sender="+12", text=None)
                await store.writer.add(other, received_at=received_at)


async def test_the_table_is_aligned_and_has_everything(lyftr: Lyftr, tmp_path: Path) -> None:
    await fill(tmp_path, "m1", "m2")
    done = lyftr("conflicts")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode("ascii").splitlines() == [
        "DELIVERIES  FIRST RECEIVED        LAST RECEIVED         FIELDS     MESSAGE ID",
        '2           2026-01-15T12:00:01Z  2026-01-15T12:01:01Z  from,text  "m2"',
        '2           2026-01-15T12:00:00Z  2026-01-15T12:01:00Z  from,text  "m1"',
    ]


async def test_no_identifier_can_disturb_a_terminal(lyftr: Lyftr, tmp_path: Path) -> None:
    """Format characters, which turn a line round, and those that are two columns or none wide."""
    awkward = "\u202e\u2066\u200b\ufeff\u0301漢\U000e0001\u2028\\é"
    await fill(tmp_path, awkward)
    line = lyftr("conflicts").stdout.decode("ascii").splitlines()[1]
    assert line.isprintable()
    assert json.loads(line.split("  ")[-1]) == awkward
    (conflict,) = listed(lyftr)
    assert conflict["message_id"] == awkward


async def test_the_latest_are_shown_and_that_there_are_more(lyftr: Lyftr, tmp_path: Path) -> None:
    await fill(tmp_path, "m1", "m2", "m3")
    done = lyftr("conflicts", "--limit", "2")
    assert [line.split()[-1] for line in done.stdout.decode().splitlines()[1:]] == ['"m3"', '"m2"']
    assert done.stderr.decode() == "only the latest 2 are shown; --limit shows more\n"
    assert [c["message_id"] for c in listed(lyftr, "--limit", "3")] == ["m3", "m2", "m1"]
    assert lyftr("conflicts", "--limit", "3").stderr == b""


def test_without_conflicts_it_says_so_and_prints_no_json(lyftr: Lyftr) -> None:
    assert lyftr("migrate").returncode == 0
    done = lyftr("conflicts")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"no conflicts\n", b"")
    assert listed(lyftr) == []


@pytest.mark.parametrize("limit", ["0", "x"])
def test_a_limit_that_is_none_is_refused_in_one_line(lyftr: Lyftr, limit: str) -> None:
    assert lyftr("migrate").returncode == 0
    assert "limit" in refusal(lyftr("conflicts", "--limit", limit))
