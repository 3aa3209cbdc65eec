"""Copies of the database files as a crash of the server would leave them, at any moment."""

import random
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.load import Load
from tests.support.processes import frozen
from tests.support.server import SECRET, Serve
from tests.support.stored import assert_kept, assert_nothing_wrong

Show = Callable[[str], None]

COPIES = 16
_LONGEST_PAUSE = 0.3
_HANGS = 120.0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_a_copy_taken_at_any_moment_opens_and_holds_what_was_acknowledged_before(
    serve: Serve, tmp_path: Path, show: Show
) -> None:
    """Copies are made until the write-ahead log has begun anew, so that checkpoints are among."""
    copies: dict[Path, set[str]] = {}
    logs: set[bytes] = set()
    deadline = time.monotonic() + _HANGS
    with serve() as server, Load(server.port, SECRET, "m", senders=8) as load:
        load.wait_for(50)
        while len(copies) < COPIES or len(logs) < 2:
            assert time.monotonic() < deadline, "the write-ahead log never began anew"
            time.sleep(random.uniform(0, _LONGEST_PAUSE))  # noqa: S311 - moments of no secret
            with frozen(server.process.pid):
                acknowledged = set(load.acknowledged)
                copy = copy_database(tmp_path / "lyftr.db", len(copies))
            copies[copy] = acknowledged
            logs.add(salt_of_the_log(copy))
    stored = [assert_kept(copy, acknowledged) for copy, acknowledged in copies.items()]
    for copy in copies:
        assert_nothing_wrong(copy)
    show(
        f"{len(copies)} copies of {stored[0]} to {stored[-1]} messages over"
        f" {len(logs)} beginnings of the log, nothing lost"
    )


def copy_database(path: Path, number: int) -> Path:
    """Copy a database with its log, and every other time with its shared memory too."""
    folder = path.parent / f"copy-{number}"
    folder.mkdir()
    for suffix in ("", "-wal", "-shm")[: 2 + number % 2]:
        shutil.copyfile(f"{path}{suffix}", folder / (path.name + suffix))
    return folder / path.name


def salt_of_the_log(database: Path) -> bytes:
    """Return what tells one log from the next (https://www.sqlite.org/fileformat.html, 4.1)."""
    return Path(f"{database}-wal").read_bytes()[16:24]
