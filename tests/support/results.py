"""What commands of `lyftr` printed, as tests ask for it."""

import json
import subprocess
from typing import Any

__all__ = ["checked", "lines_of", "ok", "one_record", "records", "table_of", "told"]

Done = subprocess.CompletedProcess[bytes]


def told(done: Done) -> tuple[int, str, str]:
    """Return the exit status of a command, and what it printed and complained of."""
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def ok(done: Done) -> str:
    """Return what a command printed that did its work."""
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def lines_of(done: Done) -> list[str]:
    """Return the lines of a command that did its work and had nothing to complain of."""
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode().splitlines()


def records(done: Done) -> list[dict[str, Any]]:
    """Return the JSON lines of a command that did its work and had nothing to complain of."""
    return [json.loads(line) for line in lines_of(done)]


def one_record(done: Done) -> dict[str, Any]:
    """Return the one JSON line of a command, whatever its exit status."""
    record: dict[str, Any] = json.loads(done.stdout)
    return record


def checked(done: Done) -> dict[str, str]:
    """Return what `lyftr check` said of each subject, whatever its exit status."""
    assert done.stderr == b""
    return dict(line.split(": ", 1) for line in done.stdout.decode().splitlines())


def table_of(done: Done) -> dict[str, list[str]]:
    """Return, for each group, the number of cases, of right answers and of answers like lyftr's."""
    table = done.stdout.decode().split("\n\n")[0].splitlines()
    assert table[0].split(maxsplit=3) == ["GROUP", "CASES", "RIGHT", "AS LYFTR"]
    return {name: numbers for name, *numbers in map(str.split, table[1:])}
