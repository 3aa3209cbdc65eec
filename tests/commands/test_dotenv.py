"""A `.env` file that cannot be read stops every command that reads it, in one line."""

from pathlib import Path

import pytest

from tests.commands.conftest import refused
from tests.support.server import Lyftr

pytestmark = pytest.mark.usefixtures("folder")

_COMMANDS = [
    ("serve", "--port", "0"),
    ("migrate",),
    ("send", "--url", "http://127.0.0.1:9/webhook"),
    ("sign", "in.jsonl"),
    ("verify", "in.jsonl", "-H", "X-Signature: 00"),
    ("conformance", "--url", "http://127.0.0.1:9/webhook"),
    ("tail",),
    ("search", "x"),
    ("stats",),
    ("conflicts",),
    ("check",),
    ("rebuild",),
    ("export",),
    ("import", "in.jsonl"),
    ("backup", "copy.db"),
    ("restore", "in.jsonl"),
    ("copy", "--to", "sqlite:///other.db"),
    ("purge", "--older-than", "90d", "--yes"),
    ("erase", "--number", "+12", "--yes"),
]


@pytest.mark.parametrize("command", _COMMANDS, ids=lambda command: command[0])
def test_a_broken_line_stops_every_command(lyftr: Lyftr, command: tuple[str, ...]) -> None:
    Path(".env").write_text("PORT=0\nWEBHOOK_SECRET='canary\n")
    assert refused(lyftr, *command) == (
        "lyftr: .env, line 2: the line is not NAME=VALUE, or its quotes do not match"
    )
