"""Standard streams that are closed or whose reader has exited."""

import os
import subprocess
from pathlib import Path

import pytest

from lyftr_core.testing.strategies.samples import sample
from tests.support.server import LYFTR, PATIENCE, environment
from tests.support.stores import Inbox


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("import - <&-", "lyftr: standard input is closed\n"),
        ("migrate >&-", "lyftr: standard output is closed; to discard it, use >/dev/null\n"),
    ],
)
def test_closed_descriptors_are_told_in_one_line(tmp_path: Path, command: str, said: str) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f"{' '.join(LYFTR)} {command}"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", said)


@pytest.mark.parametrize(
    "options", [["tail", "--follow", "--json"], ["export"]], ids=lambda o: o[0]
)
def test_a_command_ends_quietly_with_the_reader_of_its_output(
    inbox: Inbox, tmp_path: Path, options: list[str]
) -> None:
    inbox.add(sample("m1"))
    reading, writing = os.pipe()
    with subprocess.Popen(
        [*LYFTR, *options], cwd=tmp_path, env=environment(), stdout=writing, stderr=subprocess.PIPE
    ) as process:
        os.close(writing)
        if options[0] == "tail":
            assert os.read(reading, 4_096).startswith(b'{"message_id":"m1"')
        os.close(reading)
        try:
            assert process.communicate(timeout=PATIENCE)[1] == b""
        finally:
            process.kill()
    assert process.returncode == 1


@pytest.mark.parametrize("option", ["--json", "--table"])
def test_a_reader_that_goes_away_ends_it_without_a_word(
    inbox: Inbox, tmp_path: Path, option: str
) -> None:
    inbox.add(sample("m1"), sample("m1", text="another"))
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
