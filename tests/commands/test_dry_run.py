"""`lyftr send --dry-run`: nothing is sent, and it says so."""

from pathlib import Path

import pytest

from tests.support.results import ok, told
from tests.support.server import Lyftr

pytestmark = pytest.mark.usefixtures("folder")


def test_a_dry_run_says_what_would_be_sent_and_that_nothing_was(lyftr: Lyftr) -> None:
    line = Path("in.jsonl").read_bytes()
    Path("some.jsonl").write_bytes(line * 3 + b"{}\n")
    status, out, err = told(lyftr("send", "--file", "some.jsonl", "--dry-run", "--json"))
    assert (status, err.count("\n")) == (1, 1)
    assert '"taken":0' in out
    assert '"would_send":3' in out
    assert '"refused":1' in out
    _, out, _ = told(lyftr("send", "--file", "some.jsonl", "--dry-run", "--table"))
    title, row = out.splitlines()
    assert title.split("  ") == ["WOULD SEND", "REFUSED", "SECONDS"]
    assert row.split()[:2] == ["3", "1"]
    one = ["send", "--from", "+12", "--to", "+13", "--id", "m1", "--dry-run"]
    assert ok(lyftr(*one, "--table")) == "would be sent: m1\n"
    said = '{"message_id":"m1","taken":false,"retries":0,"would_send":true}\n'
    assert ok(lyftr(*one, "--json")) == said
