"""Upgrades of either database, by a version with one more revision: all of it, once, or nothing."""

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from lyftr_core import AddOutcome, SchemaMismatch, Stats, StorageUnavailable
from lyftr_core.testing.strategies.samples import sample
from tests.support.databases import NewUrl, add, execute, held, new_url, query, store_at
from tests.support.either_database import (
    ACTIONS,
    MESSAGES,
    READING,
    database_at,
    everything,
    head,
    kind,
    old,
    refuse,
    scripts,
)
from tests.support.later_version import (
    HALF_WAY,
    LATER,
    SCHEMAS,
    later_version,
    write_later_version,
)
from tests.support.server import LYFTR, PATIENCE, environment

__all__ = ["head", "kind", "new_url", "old", "scripts"]


@pytest.fixture
def later(old: str, scripts: Path) -> Iterator[str]:
    """The same database, in a process of the later version."""
    with later_version(scripts):
        yield old


def stats(url: str) -> Stats:
    async def ask() -> Stats:
        async with store_at(url).reading() as store:
            return await store.reader.stats()

    return asyncio.run(ask())


def test_the_migrations_lead_to_the_schema_of_this_version(kind: str) -> None:
    config = Config()
    config.set_main_option("script_location", SCHEMAS[kind].scripts)
    script = ScriptDirectory.from_config(config)
    found = [revision.revision for revision in script.walk_revisions()]
    assert tuple(reversed(found)) == SCHEMAS[kind].revisions
    assert script.get_heads() == [SCHEMAS[kind].head]


def test_an_upgrade_keeps_every_message_conflict_and_count(
    old: str, head: str, scripts: Path
) -> None:
    before = held(old), stats(old)
    with later_version(scripts):
        done = database_at(old).migrate()
        assert (done.before, done.after) == (head, LATER)
        assert (held(old), stats(old)) == before
        assert query(old, "SELECT DISTINCT source FROM messages") == [("home",)]
        assert [found for found in database_at(old).check() if found.faults] == []
        done = database_at(old).migrate()
        assert (done.before, done.after) == (LATER, LATER)


def test_after_an_upgrade_the_log_goes_on(later: str) -> None:
    ((last,),) = query(later, "SELECT max(seq) FROM messages")
    # No `seq` is used twice, not even that of a row that is gone.
    execute(later, "DELETE FROM messages WHERE seq = (SELECT max(seq) FROM messages)")
    database_at(later).migrate()
    outcomes = add(later, MESSAGES[3], sample("m3", text="other"), sample("new"))
    assert outcomes == [AddOutcome.DUPLICATE, AddOutcome.CONFLICT, AddOutcome.CREATED]
    ((new,),) = query(later, "SELECT seq FROM messages WHERE message_id = 'new'")
    assert new > last


def test_a_new_database_is_made_by_all_revisions_in_turn(
    kind: str, new_url: NewUrl, scripts: Path
) -> None:
    url = new_url(kind)
    with later_version(scripts):
        done = database_at(url).migrate()
        assert (done.before, done.after) == (None, LATER)
        assert add(url, MESSAGES[0]) == [AddOutcome.CREATED]


def test_an_upgrade_that_fails_leaves_the_old_schema_and_can_be_run_again(
    later: str, head: str
) -> None:
    execute(later, "CREATE TABLE refused (of_somebody_else INTEGER)")
    before = everything(later)
    with pytest.raises(StorageUnavailable, match="refused"):
        database_at(later).migrate()
    assert everything(later) == before
    execute(later, "DROP TABLE refused")
    assert database_at(later).migrate().before == head


def processes(url: str, scripts: Path, count: int, stack: ExitStack) -> list[subprocess.Popen[str]]:
    """Start `lyftr migrate` so many times."""
    return [
        stack.enter_context(
            subprocess.Popen(
                [*LYFTR, "migrate"],
                env=environment(DATABASE_URL=url, PYTHONPATH=str(scripts)),
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        for _ in range(count)
    ]


def test_an_upgrade_that_is_killed_leaves_the_old_schema_and_can_be_run_again(
    old: str, head: str, scripts: Path, tmp_path: Path
) -> None:
    before = everything(old)
    stopping = write_later_version(tmp_path / "stopping", stops=True)
    with ExitStack() as stack:
        (process,) = processes(old, stopping, 1, stack)
        assert process.stdout is not None
        assert process.stdout.readline().strip() == HALF_WAY
        process.kill()
    assert everything(old) == before
    with later_version(scripts):
        assert database_at(old).migrate().before == head
    assert query(old, "SELECT DISTINCT source FROM messages") == [("home",)]


def test_of_several_processes_one_upgrades_and_the_others_wait(
    old: str, head: str, scripts: Path
) -> None:
    with ExitStack() as stack:
        started = processes(old, scripts, 3, stack)
        lines = sorted(process.communicate(timeout=PATIENCE)[0].strip() for process in started)
    ends = [*[f"schema {LATER}, nothing to do"] * 2, f"schema {head} -> {LATER}"]
    assert [line.partition(": ")[2] for line in lines] == ends
    assert query(old, "SELECT version_num FROM alembic_version") == [(LATER,)]


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_a_store_upgrades_its_file_before_it_writes(later: str) -> None:
    assert add(later, MESSAGES[0]) == [AddOutcome.DUPLICATE]
    assert query(later, "SELECT version_num FROM alembic_version") == [(LATER,)]


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_a_store_on_postgresql_leaves_an_upgrade_to_the_command(later: str, head: str) -> None:
    before = everything(later)
    told = f"has schema {head}, and this lyftr uses {LATER}; first run lyftr migrate"
    with pytest.raises(SchemaMismatch, match=told):
        add(later, MESSAGES[0])
    for name in ("prepare", "importer", "target"):
        refuse(ACTIONS[name], later, told)
    assert everything(later) == before


@pytest.mark.parametrize("action", READING)
def test_to_read_an_older_database_is_refused_in_one_line(
    later: str, head: str, action: str
) -> None:
    before = everything(later)
    refuse(
        READING[action],
        later,
        f"{database_at(later).store.name} has schema {head}, and this lyftr uses {LATER};"
        " first run lyftr migrate",
    )
    assert everything(later) == before
