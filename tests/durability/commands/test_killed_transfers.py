"""`lyftr copy`, `lyftr export` and `lyftr import`, killed: what is run again finishes the work."""

import random
import time
from functools import partial
from pathlib import Path

import pytest

from lyftr_core import AddOutcome
from lyftr_core.message import Record
from lyftr_core.testing.strategies.samples import sample
from lyftr_sql.log_rows import AT_ONCE
from lyftr_sqlite import check
from tests.support.command_processes import running, wait_for
from tests.support.databases import KINDS, NewUrl, add, count, held, rows
from tests.support.examples import example_count
from tests.support.results import ok
from tests.support.server import Lyftr
from tests.support.stores import put_records

_COPIES = example_count(6)
_MANY = 5_000


def _put(path: Path, many: int) -> None:
    put_records(path, (Record(message=sample(f"m{n}", text=f'"{n}",\r\nx')) for n in range(many)))


def _has_more_than(copied: int, url: str) -> bool:
    return count(url) > copied


@pytest.mark.parametrize("target_kind", KINDS)
def test_killed_at_any_moment_it_goes_on(
    lyftr: Lyftr, new_url: NewUrl, tmp_path: Path, chance: random.Random, target_kind: str
) -> None:
    """The first copy is killed at once, each other soon after it has committed something."""
    source, target = new_url("sqlite"), new_url(target_kind)
    _put(Path(source.removeprefix("sqlite:///")), _COPIES * AT_ONCE)
    wanted = held(source)
    cut_off = 0
    for number in range(_COPIES):
        with running(tmp_path, "copy", "--from", source, "--to", target) as process:
            if number:
                wait_for(partial(_has_more_than, count(target), target), process)
            time.sleep(chance.uniform(0, 0.05))  # the moment of the kill, by chance
        copied = count(target)
        cut_off += 0 < copied < len(wanted[0])
        assert not copied or held(target)[0] == wanted[0][:copied]
    assert cut_off
    ok(lyftr("copy", "--from", source, "--to", target))
    assert held(target) == wanted
    assert add(target, sample("new")) == [AddOutcome.CREATED]
    assert held(target)[0][-1][1] == "new"


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_an_export_that_was_killed_goes_on(lyftr: Lyftr, tmp_path: Path, kind: str) -> None:
    _put(tmp_path / "lyftr.db", _MANY)
    part, target = tmp_path / f"x.{kind}.part", tmp_path / f"x.{kind}"
    with running(tmp_path, "export", "--output", target.name) as process:
        wait_for(
            lambda: target.exists() or (part.exists() and part.stat().st_size > 0),
            process,
        )
    if not target.exists():
        ok(lyftr("export", "--output", target.name, "--resume"))
    assert target.read_bytes() == lyftr("export", "--format", kind).stdout


def test_an_import_that_was_killed_again_and_again_is_finished_by_another(
    lyftr: Lyftr, tmp_path: Path
) -> None:
    many, new = tmp_path / "lyftr.db", tmp_path / "new.db"
    _put(many, _MANY)
    ok(lyftr("export", "--output", "x.jsonl"))
    url, cut_off = f"sqlite:///{new}", 0
    for copied in (0, 1_500, 3_000):
        with running(tmp_path, "import", "x.jsonl", DATABASE_URL=url) as process:
            wait_for(partial(_has_more_than, copied, url), process)
        cut_off += count(url) < _MANY
    assert cut_off
    ok(lyftr("import", "x.jsonl", DATABASE_URL=url))
    assert rows(new) == rows(many)
    assert [finding for finding in check(new) if finding.faults] == []
