"""A standard stream that is closed or full: no data is not empty data, lost data is not written."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lyftr_http.closed_streams import replace_closed_streams
from tests.cli.conftest import LINE, Lyftr, refused
from tests.end_to_end.conftest import LYFTR, environment

FULL = Path("/dev/full")
READING = [
    ["import", "-"],
    ["import", "--skip-invalid", "refused.jsonl", "-"],
    ["sign"],
    ["sign", "--curl", "-"],
    ["send", "--file", "-"],
    ["send", "--file", "-", "--dry-run"],
    ["verify", "-H", "X-Signature: aa"],
    ["verify", "in.jsonl", "--headers", "-"],
]
WRITING = [
    ["export"],
    ["export", "--format", "csv"],
    ["stats"],
    ["stats", "--table"],
    ["tail"],
    ["tail", "--table"],
    ["search", "--table"],
    ["search"],
    ["check"],
    ["sign", "in.jsonl"],
    ["verify", "in.jsonl", "-H", "X-Signature: aa"],
    ["send", "--file", "in.jsonl", "--dry-run"],
    ["send", "--from", "+12", "--to", "+13", "--dry-run"],
    ["purge", "--older-than", "1d", "--dry-run"],
    ["completion", "bash"],
    ["--help"],
    ["--version"],
]


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_a_closed_standard_input_is_not_an_empty_one(
    lyftr: Lyftr, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", None)  # as Python has it where the descriptor is closed
    replace_closed_streams()
    assert refused(lyftr, *arguments) == "lyftr: standard input is closed"


@pytest.mark.parametrize("arguments", WRITING, ids=" ".join)
def test_what_a_closed_standard_output_loses_is_not_written(
    lyftr: Lyftr, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", None)
        replace_closed_streams()
        status, _, err = lyftr(*arguments)
    assert (status, err) == (1, "lyftr: standard output is closed; to discard it, use >/dev/null\n")


@pytest.mark.skipif(not FULL.exists(), reason="the system has no device that is always full")
@pytest.mark.parametrize("arguments", WRITING, ids=" ".join)
@pytest.mark.parametrize("unbuffered", [False, True], ids=["buffered", "unbuffered"])
def test_what_a_full_standard_output_loses_is_not_written(
    lyftr: Lyftr, monkeypatch: pytest.MonkeyPatch, arguments: list[str], *, unbuffered: bool
) -> None:
    raw = FULL.open("wb", buffering=0)
    stream = io.TextIOWrapper(raw if unbuffered else io.BufferedWriter(raw), write_through=True)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        status, _, err = lyftr(*arguments)
    with Path(os.devnull).open("w") as null:
        os.dup2(null.fileno(), raw.fileno())  # or closing it fails too
    stream.close()
    assert (status, err) == (1, "lyftr: cannot write to standard output: No space left on device\n")


@pytest.mark.skipif(not FULL.exists(), reason="the system has no device that is always full")
def test_an_output_larger_than_the_buffer_names_standard_output_too(
    lyftr: Lyftr, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("in.jsonl").write_text("".join(LINE.replace("m2", f"n{n}") for n in range(500)))
    assert lyftr("import", "in.jsonl")[0] == 0
    with FULL.open("w") as stream, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        status, _, err = lyftr("export")
    assert (status, err) == (1, "lyftr: cannot write to standard output: No space left on device\n")


def test_a_lost_error_message_keeps_the_exit_status(
    lyftr: Lyftr, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", sys.stdout)
        patch.setattr(sys, "stdout", None)
        replace_closed_streams()
        patch.setattr(sys, "stderr", sys.stdout)  # which refuses every line
        status, out, err = lyftr("tail", "-n", "x")
    assert (status, out, err) == (2, "", "")


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
