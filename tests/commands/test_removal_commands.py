"""`lyftr purge` and `lyftr erase` on a real database: what they count, remove and refuse."""

from pathlib import Path

import pytest

from tests.support.server import (
    Lyftr,
    refusal,
)
from tests.support.stores import ON_BOTH, Inbox

_PERSON = "+918877665544"

_LATER = "2100-01-01T00:00:00Z"
_EVERYTHING = ("purge", "--older-than", _LATER, "--yes")


@ON_BOTH
def test_purge_counts_asks_removes_and_says_so(
    lyftr: Lyftr, database_variables: dict[str, str], inbox: Inbox
) -> None:
    inbox.fill(3)
    done = lyftr("purge", "--older-than", "1d", "--dry-run")
    assert (done.returncode, done.stdout) == (0, b"3 messages would be removed\n")
    assert lyftr("purge", "--older-than", "2026-01-15T12:00:00Z", "--dry-run").stdout[:1] == b"0"
    assert "--yes" in refusal(lyftr("purge", "--older-than", "1d"))
    assert inbox.present() == 3
    done = lyftr("purge", "--older-than", "24h", "--yes")
    # What the files of PostgreSQL hold is not ours to say.
    said = " from" if database_variables else "; nothing of their texts is left in"
    assert done.stdout.decode() == f"3 messages removed{said} {inbox.name}\n"
    assert inbox.present() == 0
    assert lyftr(*_EVERYTHING).stdout[:1] == b"0"
    inbox.assert_nothing_wrong()


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("erase", "--number", "918877665544"), id="number"),
        pytest.param(("erase", "--number", f"{_PERSON}x"), id="more"),
        pytest.param(("purge", "--older-than", "918877665544"), id="age"),
        pytest.param(("purge", "--older-than", "-1d"), id="negative"),
        pytest.param(("purge", "--older-than", ""), id="empty"),
        pytest.param(("purge",), id="none"),
        pytest.param(("erase",), id="nobody"),
    ],
)
def test_what_is_no_age_and_no_number_is_refused_and_not_repeated(
    lyftr: Lyftr, inbox: Inbox, arguments: tuple[str, ...]
) -> None:
    inbox.fill(1)
    assert "8877665544" not in refusal(lyftr(*arguments, "--yes"))
    assert inbox.present() == 1


@pytest.mark.parametrize("command", [_EVERYTHING, ("erase", "--number", _PERSON, "--yes")])
def test_a_missing_database_is_refused_and_not_made(
    lyftr: Lyftr, tmp_path: Path, command: tuple[str, ...]
) -> None:
    assert "no such file" in refusal(lyftr(*command))
    assert not (tmp_path / "lyftr.db").exists()
