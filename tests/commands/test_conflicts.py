"""`lyftr conflicts`: what was delivered under an identifier that was taken."""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from lyftr_core.testing.strategies.samples import NOON, sample
from tests.support.results import records
from tests.support.server import (
    Lyftr,
    refusal,
)
from tests.support.stores import ON_BOTH, open_store
from tests.support.terminal import plain

_A_FILE: Mapping[str, str] = {}


def listed(lyftr: Lyftr, *options: str) -> list[dict[str, Any]]:
    """Return the conflicts that the command lists."""
    return records(lyftr("conflicts", "--json", *options))


def fill(folder: Path, *message_ids: str, variables: Mapping[str, str] = _A_FILE) -> None:
    """Make a database with two conflicting deliveries under each identifier, a second apart."""

    async def fill_it() -> None:
        async with open_store(folder, variables) as store:
            for count, message_id in enumerate(message_ids):
                message = sample(message_id)
                await store.writer.add(message, received_at=NOON)
                for second in (count, count + 60):
                    received_at = datetime.fromtimestamp(NOON.timestamp() + second, UTC)
                    other = replace(message, sender="+12", text=None)
                    await store.writer.add(other, received_at=received_at)

    asyncio.run(fill_it())


@ON_BOTH
def test_the_table_is_aligned_and_has_everything(
    lyftr: Lyftr, tmp_path: Path, database_variables: dict[str, str]
) -> None:
    fill(tmp_path, "m1", "m" * 255, variables=database_variables)
    done = lyftr("conflicts", "--table")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode("ascii").splitlines() == [
        "DELIVERIES  FIRST RECEIVED        LAST RECEIVED         FIELDS     MESSAGE ID",
        f'         2  2026-01-15T12:00:01Z  2026-01-15T12:01:01Z  from,text  "{"m" * 255}"',
        '         2  2026-01-15T12:00:00Z  2026-01-15T12:01:00Z  from,text  "m1"',
    ]


def test_on_a_terminal_it_is_a_coloured_table_that_fits(lyftr: Lyftr, tmp_path: Path) -> None:
    fill(tmp_path, "m" * 255)
    done = lyftr("conflicts", columns=90)
    text = plain(done.stdout)
    assert done.returncode == 0
    assert b"\x1b[1m" in done.stdout
    assert all(len(line) <= 90 for line in text.splitlines())
    assert text.count("m") - text.count("from") == 255
    assert b"\x1b[3" not in lyftr("conflicts", columns=80, NO_COLOR="1").stdout
    (conflict,) = records(lyftr("conflicts", "--json", columns=80))
    assert conflict["message_id"] == "m" * 255


def test_no_identifier_can_disturb_a_terminal(lyftr: Lyftr, tmp_path: Path) -> None:
    """Format characters turn a line round, or hide a part of it."""
    awkward = "\u202e\u2066\u200b\ufeff漢\U000e0001\u2028\\é"
    fill(tmp_path, awkward)
    line = lyftr("conflicts", "--table").stdout.decode().splitlines()[1]
    assert line.isprintable()
    assert json.loads(line.split("  ")[-1]) == awkward
    (conflict,) = listed(lyftr)
    assert conflict["message_id"] == awkward
    lines = lyftr("conflicts").stdout.decode().splitlines()
    assert len(lines) == 1
    assert lines[0].isprintable()


@ON_BOTH
def test_the_latest_are_shown_and_that_there_are_more(
    lyftr: Lyftr, tmp_path: Path, database_variables: dict[str, str]
) -> None:
    fill(tmp_path, "m1", "m2", "m3", variables=database_variables)
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
