"""A standard stream that is closed or full: no data is not empty data, lost data is not written."""

from pathlib import Path

import pytest

from tests.commands.conftest import LINE, files
from tests.support.results import ok, told
from tests.support.server import Lyftr

pytestmark = pytest.mark.usefixtures("folder")
FULL = Path("/dev/full")
NO_SPACE = "lyftr: cannot write to standard output: No space left on device\n"
as_full = pytest.mark.skipif(
    not FULL.exists(), reason="the system has no device that is always full"
)
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
def test_a_closed_standard_input_is_not_an_empty_one(lyftr: Lyftr, arguments: list[str]) -> None:
    before = files()
    done = lyftr(*arguments, redirected={0: None})
    assert told(done) == (1, "", "lyftr: standard input is closed\n")
    assert files() == before


@pytest.mark.parametrize("arguments", WRITING, ids=" ".join)
def test_what_a_closed_standard_output_loses_is_not_written(
    lyftr: Lyftr, arguments: list[str]
) -> None:
    status, _, err = told(lyftr(*arguments, redirected={1: None}))
    assert (status, err) == (1, "lyftr: standard output is closed; to discard it, use >/dev/null\n")


@as_full
@pytest.mark.parametrize("arguments", WRITING, ids=" ".join)
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_what_a_full_standard_output_loses_is_not_written(
    lyftr: Lyftr, arguments: list[str], unbuffered: str
) -> None:
    with FULL.open("wb", buffering=0) as full:
        done = lyftr(*arguments, redirected={1: full}, PYTHONUNBUFFERED=unbuffered)
    assert told(done) == (1, "", NO_SPACE)


@as_full
def test_an_output_larger_than_the_buffer_names_standard_output_too(lyftr: Lyftr) -> None:
    Path("in.jsonl").write_text("".join(LINE.replace("m2", f"n{n}") for n in range(500)))
    ok(lyftr("import", "in.jsonl"))
    with FULL.open("wb", buffering=0) as full:
        assert told(lyftr("export", redirected={1: full})) == (1, "", NO_SPACE)


@as_full
def test_an_error_message_that_a_full_device_loses_keeps_the_exit_status(lyftr: Lyftr) -> None:
    with FULL.open("wb", buffering=0) as full:
        assert told(lyftr("tail", "-n", "x", redirected={2: full})) == (2, "", "")


def test_a_closed_standard_error_keeps_the_exit_status(lyftr: Lyftr) -> None:
    assert told(lyftr("tail", "-n", "x", redirected={2: None})) == (2, "", "")
