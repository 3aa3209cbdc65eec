"""`lyftr tail`, `lyftr search` and `lyftr stats`: for people and for programs."""

import subprocess
from datetime import timedelta

import pytest

from lyftr_core.testing.strategies.samples import NOON, sample
from tests.support.results import records
from tests.support.server import (
    Lyftr,
    refusal,
)
from tests.support.stores import ON_BOTH, Inbox
from tests.support.terminal import plain


def fill(inbox: Inbox, count: int) -> None:
    """Store `m1`, `m2` and so on: the later stored, the earlier its `ts`."""
    times = (NOON - timedelta(minutes=number) for number in range(1, count + 1))
    inbox.add(*(sample(f"m{n}", text=f"Number {n}", ts=ts) for n, ts in enumerate(times, 1)))


def ids(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    return [item["message_id"] for item in records(done)]


@ON_BOTH
def test_tail_shows_the_last_in_the_order_of_storing(lyftr: Lyftr, inbox: Inbox) -> None:
    fill(inbox, 130)
    seqs = [str(item["seq"]) for item in records(lyftr("tail", "-n", "130"))]
    assert ids(lyftr("tail")) == [f"m{n}" for n in range(121, 131)]
    assert ids(lyftr("tail", "-n", "110")) == [f"m{n}" for n in range(21, 131)]
    assert ids(lyftr("tail", "-n", "1000")) == [f"m{n}" for n in range(1, 131)]
    assert ids(lyftr("tail", "-n", "0")) == []
    assert ids(lyftr("tail", "--after", seqs[126])) == ["m128", "m129", "m130"]
    assert ids(lyftr("tail", "--after", seqs[8])) == [f"m{n}" for n in range(10, 131)]
    assert ids(lyftr("tail", "--q", "NUMBER 1", "-n", "2")) == ["m129", "m130"]
    assert ids(lyftr("tail", "--until", "2026-01-15T09:51:00Z")) == ["m130"]


@ON_BOTH
def test_tail_finds_the_last_of_few_far_back(lyftr: Lyftr, inbox: Inbox) -> None:
    fill(inbox, 2)
    others = (sample(f"other {number}", text="other") for number in range(1_100))
    inbox.add(*others)
    assert ids(lyftr("tail", "--q", "number")) == ["m1", "m2"]


@ON_BOTH
def test_search_finds_the_latest_first_and_all(lyftr: Lyftr, inbox: Inbox) -> None:
    fill(inbox, 230)
    assert ids(lyftr("search", "NUMBER 1", "--limit", "3")) == ["m1", "m10", "m11"]
    assert ids(lyftr("search")) == [f"m{n}" for n in range(1, 21)]
    assert ids(lyftr("search", "--limit", "150")) == [f"m{n}" for n in range(1, 151)]
    assert ids(lyftr("search", "number", "--all")) == [f"m{n}" for n in range(1, 231)]
    assert ids(lyftr("search", "%", "--all")) == []
    options = ("--since", "2026-01-15T11:50:00Z", "--until", "2026-01-15T11:52:00Z")
    assert ids(lyftr("search", *options)) == ["m9", "m10"]
    assert ids(lyftr("search", "--from", "+12")) == []


def test_no_text_can_disturb_a_terminal(lyftr: Lyftr, inbox: Inbox) -> None:
    fill(inbox, 1)
    text = "a\x1b]0;title\x07\x1b[31m\n\u202eb\x9b"
    inbox.add(sample("id \u2066", text=text))
    shown = "a\\u001b]0;title\\u0007\\u001b[31m\\n\\u202eb\\u009b"
    for command in (("tail",), ("search", "title")):
        done = lyftr(*command, columns=200)
        printed = plain(done.stdout)
        assert done.returncode == 0
        assert shown in printed
        assert "id \\u2066" in printed
        assert b"\x1b]" not in done.stdout
        assert lyftr(*command, "--table").stdout.decode().count(shown) == 1


def test_a_terminal_shows_a_table_that_fits_with_what_was_found(lyftr: Lyftr, inbox: Inbox) -> None:
    fill(inbox, 25)
    done = lyftr("search", "number 1", "--limit", "2", columns=80)
    assert b"\x1b[1;7mNumber 1" in done.stdout
    lines = plain(done.stdout).splitlines()
    assert lines[0].split() == ["SEQ", "TS", "FROM", "TO", "TEXT"]
    assert all(len(line) <= 80 for line in lines)
    assert lines[-1] == "2 of 11; --limit or --all shows more"
    text = plain(lyftr("search", "number 2", columns=150).stdout)
    assert "MESSAGE ID" in text
    assert text.endswith("\n7 found\n")


@ON_BOTH
def test_stats_are_figures_and_bars_for_people(lyftr: Lyftr, inbox: Inbox) -> None:
    fill(inbox, 90)
    done = lyftr("stats", columns=80)
    text = plain(done.stdout)
    assert done.returncode == 0
    rows = [line.split() for line in text.splitlines()]
    assert ["messages", "90"] in rows
    assert ["2026-01-15", "11:00", "60", "█" * 40] in rows
    assert ["2026-01-15", "10:00", "30", "█" * 20] in rows
    assert all(len(line) <= 80 for line in text.splitlines())
    in_ascii = lyftr("stats", "--table", PYTHONIOENCODING="ascii").stdout.decode("ascii")
    assert "#" * 40 in in_ascii


@ON_BOTH
def test_an_empty_database_has_nothing_to_show(lyftr: Lyftr) -> None:
    lyftr("migrate")
    assert (records(lyftr("tail")), records(lyftr("search"))) == ([], [])
    assert records(lyftr("stats"))[0]["total_messages"] == 0
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
