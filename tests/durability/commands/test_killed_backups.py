"""`lyftr backup` and `lyftr restore`, killed at a change that they make to their folder."""

import os
import random
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from lyftr_core.testing.strategies.samples import sample
from lyftr_sqlite import check
from tests.support.command_processes import running
from tests.support.databases import names
from tests.support.examples import example_count
from tests.support.results import ok
from tests.support.server import Lyftr
from tests.support.stores import Inbox

_KILLS = example_count(24)
"""At so many of its changes, chosen by chance, a command is killed; at most."""
BACKUP = ("backup", "--force", "backup.db")
_Look = dict[str, tuple[int, int, int]]


class _Run(NamedTuple):
    changes: int
    is_killed: bool


def test_a_restore_killed_at_any_moment_leaves_the_old_database_or_the_new(
    lyftr: Lyftr, inbox: Inbox, tmp_path: Path, chance: random.Random
) -> None:
    database = tmp_path / "lyftr.db"
    inbox.add(sample("backed up"))
    ok(lyftr("backup", "backup.db"))
    inbox.add(sample("later"))
    cut_off = 0
    for change in _some_changes(chance, tmp_path, "restore", "backup.db"):
        inbox.add(sample("later"))
        cut_off += _kill_at_change(change, tmp_path, "restore", "backup.db").is_killed
        assert names(database) in ({"backed up", "later"}, {"backed up"})
        assert [finding for finding in check(database) if finding.faults] == []
    assert cut_off
    assert {"backed up", "later"} in [names(old) for old in tmp_path.glob("lyftr.db.before-*Z")]
    ok(lyftr("restore", "backup.db"))
    assert names(database) == {"backed up"}
    assert not (tmp_path / "lyftr.db.restoring").exists()


def test_a_backup_killed_at_any_moment_is_whole_or_not_there(
    lyftr: Lyftr, inbox: Inbox, tmp_path: Path, chance: random.Random
) -> None:
    inbox.add(sample("a"))
    target = tmp_path / "backup.db"
    cut_off = 0
    for number, change in enumerate(_some_changes(chance, tmp_path, *BACKUP)):
        replaced = number % 2 == 0
        if not replaced:
            target.unlink()
        cut_off += _kill_at_change(change, tmp_path, *BACKUP).is_killed
        assert target.exists() or not replaced
        assert not target.exists() or names(target) == {"a"}
        ok(lyftr(*BACKUP))
        assert names(target) == {"a"}
    assert cut_off


def _some_changes(chance: random.Random, folder: Path, *arguments: str) -> list[int]:
    """Run a command to its end; return at which of the changes to its folder to kill others."""
    count = _kill_at_change(sys.maxsize, folder, *arguments).changes
    assert count
    return chance.sample(range(1, count + 1), min(count, _KILLS))


def _kill_at_change(last: int, folder: Path, *arguments: str) -> _Run:
    """Kill a command once it has changed its folder so often."""
    before, changes = _look(folder), 0
    with running(folder, *arguments) as process:
        while changes < last and process.poll() is None:
            now = _look(folder)
            changes += now != before
            before = now
            time.sleep(0.0003)  # polling, until the process ends
    return _Run(changes + (_look(folder) != before), process.returncode == -signal.SIGKILL)


def _look(folder: Path) -> _Look:
    """Return the files of a folder: which they are, how large, and when they were changed."""
    found: _Look = {}
    for entry in os.scandir(folder):
        with suppress(FileNotFoundError):
            status = entry.stat(follow_symlinks=False)
            found[entry.name] = (status.st_ino, status.st_size, status.st_mtime_ns)
    return found
