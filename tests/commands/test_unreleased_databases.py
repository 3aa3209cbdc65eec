"""A database from before the first release: each command says how to move it, and that is all."""

import shutil
from pathlib import Path

import pytest

from lyftr_core.testing.strategies.samples import sample
from tests.commands.conftest import LINE
from tests.support.databases import held, query
from tests.support.server import Lyftr, refusal
from tests.support.stores import ON_BOTH, Inbox
from tests.support.unreleased import REVISIONS, UNRELEASED, make_oldest, set_revision

COMMANDS = [
    *("serve", "migrate", "check", "rebuild", "tail", "search hello", "stats", "conflicts"),
    *("export", "import in.jsonl", "copy --to sqlite:///copy.db", "purge --older-than 1d --yes"),
    "erase --number +12 --yes",
]
ON_FILES = ["backup copy.db", "restore unreleased.db"]
"""On PostgreSQL these two refuse whatever the database is."""


@pytest.fixture
def url(tmp_path: Path, database_variables: dict[str, str]) -> str:
    (tmp_path / "in.jsonl").write_text(LINE)
    return database_variables.get("DATABASE_URL", f"sqlite:///{tmp_path}/lyftr.db")


def refused_line(lyftr: Lyftr, command: str) -> str:
    return refusal(lyftr(*command.split(), WEBHOOK_SECRET="canary" * 4))


@ON_BOTH
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_refuses_it_in_one_line_and_changes_nothing(
    lyftr: Lyftr, inbox: Inbox, url: str, command: str, tmp_path: Path
) -> None:
    inbox.add(sample("m1"), sample("m1", text="other"))
    revision = REVISIONS[url.partition(":")[0]][-1]
    set_revision(url, revision)
    before = held(url), {path.name for path in tmp_path.iterdir()}
    line = refused_line(lyftr, command)
    assert line == f"lyftr: {UNRELEASED.format(name=inbox.name, revision=revision)}"
    assert (held(url), {path.name for path in tmp_path.iterdir()}) == before
    assert query(url, "SELECT version_num FROM alembic_version") == [(revision,)]


@ON_BOTH
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_refuses_the_oldest_tables(
    lyftr: Lyftr, inbox: Inbox, url: str, command: str
) -> None:
    make_oldest(url)
    before = query(url, "SELECT * FROM messages")
    line = refused_line(lyftr, command)
    assert line == f"lyftr: {UNRELEASED.format(name=inbox.name, revision='0001')}"
    assert query(url, "SELECT * FROM messages") == before


@ON_BOTH
def test_nothing_is_copied_to_it(lyftr: Lyftr, inbox: Inbox, url: str, tmp_path: Path) -> None:
    make_oldest(url)
    other = f"sqlite:///{tmp_path}/other.db"
    assert lyftr("migrate", DATABASE_URL=other).returncode == 0
    line = refusal(lyftr("copy", "--to", url, DATABASE_URL=other))
    assert line == f"lyftr: {UNRELEASED.format(name=inbox.name, revision='0001')}"


@pytest.mark.parametrize("command", ON_FILES)
def test_it_is_neither_backed_up_nor_restored(
    lyftr: Lyftr, url: str, tmp_path: Path, command: str
) -> None:
    make_oldest(url)
    shutil.copy(tmp_path / "lyftr.db", tmp_path / "unreleased.db")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert "was made before the first release of lyftr" in refused_line(lyftr, command)
    assert {path: path.read_bytes() for path in before} == before
    assert not (tmp_path / "copy.db").exists()
