"""Databases of another version, newer or from before the first release: refused and left alone."""

from pathlib import Path

import pytest

from lyftr_core.testing.strategies.samples import NOON
from tests.support.databases import NewUrl, new_url, query
from tests.support.either_database import (
    ACTIONS,
    database_at,
    everything,
    head,
    kind,
    old,
    refuse,
    scripts,
)
from tests.support.later_version import LATER, later_version
from tests.support.unreleased import REVISIONS, UNRELEASED, make_oldest, set_revision

__all__ = ["head", "kind", "new_url", "old", "scripts"]

_REVISIONS = [(kind, revision) for kind, revisions in REVISIONS.items() for revision in revisions]


@pytest.mark.parametrize("action", ACTIONS)
def test_a_newer_database_is_refused_in_one_line(
    old: str, head: str, scripts: Path, action: str
) -> None:
    with later_version(scripts):
        database_at(old).migrate()
    before = everything(old)
    name = database_at(old).store.name
    told = f"{name} has schema {LATER}, which is newer than this lyftr (schema {head}); use "
    refuse(ACTIONS[action], old, told)
    assert everything(old) == before


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(("kind", "revision"), _REVISIONS, indirect=["kind"])
def test_a_database_from_before_the_first_release_is_refused_in_one_line(
    old: str, revision: str, action: str
) -> None:
    set_revision(old, revision)
    before = everything(old)
    name = database_at(old).store.name
    refuse(ACTIONS[action], old, UNRELEASED.format(name=name, revision=revision))
    assert everything(old) == before


@pytest.mark.parametrize("action", ACTIONS)
def test_the_oldest_tables_are_refused_and_left_as_they_are(
    kind: str, new_url: NewUrl, action: str
) -> None:
    make_oldest(url := new_url(kind))
    before = query(url, "SELECT * FROM messages")
    name = database_at(url).store.name
    refuse(ACTIONS[action], url, UNRELEASED.format(name=name, revision="0001"))
    assert query(url, "SELECT * FROM messages") == before
    assert query(url, "SELECT * FROM alembic_version") == [("0001",)]


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_a_file_from_before_the_first_release_stays_byte_for_byte(
    kind: str, new_url: NewUrl, tmp_path: Path
) -> None:
    make_oldest(url := new_url(kind))
    file = database_at(url).store.name
    before = Path(file).read_bytes(), sorted(tmp_path.iterdir())
    for action in ACTIONS.values():
        refuse(action, url, UNRELEASED.format(name=file, revision="0001"))
    assert (Path(file).read_bytes(), sorted(tmp_path.iterdir())) == before


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_it_is_neither_backed_up_nor_restored(
    kind: str, new_url: NewUrl, old: str, tmp_path: Path
) -> None:
    make_oldest(url := new_url(kind))
    target, file = tmp_path / "copy.db", Path(database_at(url).store.name)
    target.touch()
    told = UNRELEASED.format(name=file, revision="0001")
    refuse(
        lambda database: database.back_up(target, checked=False, progress=lambda _done, _all: None),
        url,
        told,
    )
    before = everything(old)
    refuse(
        lambda database: database.restore(file, now=NOON, progress=lambda _done, _all: None),
        old,
        told,
    )
    assert everything(old) == before
