"""The promise under `kill -9`, over and over on one database, while webhooks come in.

`KILL_ROUNDS` says how often, all tests of this file together; `nox -s torture` sets it.
"""

import os
import random
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.load import Load
from tests.support.processes import serving_processes
from tests.support.server import SECRET, LyftrServer, Serve
from tests.support.stored import assert_kept, assert_nothing_wrong

Show = Callable[[str], None]

ROUNDS = int(os.environ.get("KILL_ROUNDS", "30"))
"""Four fifths of them kill a server alone, the others one of two workers."""
_ALONE = ROUNDS * 4 // 5
_WORKERS = ROUNDS - _ALONE
_MOST = 5_000.0
"""At most so many messages are acknowledged before a kill: more than a second's, so that some
kills hit a checkpoint."""


def test_every_acknowledged_message_survives_kill_9_of_the_server_which_starts_again(
    serve: Serve, tmp_path: Path, chance: random.Random, show: Show
) -> None:
    acknowledged: set[str] = set()
    left: set[str] = set()
    for round_ in range(_ALONE):
        # To enter is to wait for its first answer: after each kill it must simply start.
        with serve() as server, Load(server.port, SECRET, f"r{round_}", first=left) as load:
            load.wait_for(_few_or_many(chance))
            assert server.stop(signal.SIGKILL) == -signal.SIGKILL
            load.stop()
        acknowledged |= load.acknowledged.keys()
        left = load.pending
    stored = assert_kept(tmp_path / "lyftr.db", acknowledged)
    assert_nothing_wrong(tmp_path / "lyftr.db")
    show(f"{_ALONE} kills, {len(acknowledged)} messages acknowledged, {stored} stored, none lost")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_every_acknowledged_message_survives_kill_9_of_a_worker_and_the_others_go_on(
    serve: Serve, tmp_path: Path, chance: random.Random, show: Show
) -> None:
    killed: set[int] = set()
    with serve("--workers", "2") as server, Load(server.port, SECRET, "w", reuse=20) as load:
        for _ in range(_WORKERS):
            workers = _two_workers(server, load, tmp_path, killed)
            load.wait_for(_few_or_many(chance))
            victim = chance.choice(sorted(workers))
            os.kill(victim, signal.SIGKILL)
            killed.add(victim)
            load.wait_for(1)  # of the other worker, or of the next
        _two_workers(server, load, tmp_path, killed)
        load.wait_for(100)
        load.stop()
        assert server.process.poll() is None
    # 503 where one waited too long for the other's lock, as on a machine that is busy elsewhere.
    assert {answer.status for answer in load.answers} <= {200, 503}
    stored = assert_kept(tmp_path / "lyftr.db", load.acknowledged)
    assert_nothing_wrong(tmp_path / "lyftr.db")
    show(
        f"{len(killed)} kills, {len(load.acknowledged)} messages acknowledged, {stored} stored,"
        " none lost"
    )


def _few_or_many(chance: random.Random) -> int:
    """Return a number of messages, small ones as likely as large ones."""
    return int(_MOST ** chance.random())


def _two_workers(server: LyftrServer, load: Load, folder: Path, killed: set[int]) -> set[int]:
    """Wait until two workers serve, and return them."""
    workers: set[int] = set()

    def two_serve() -> bool:
        nonlocal workers
        workers = serving_processes(server.process.pid, folder / "lyftr.db") - killed
        return len(workers) == 2

    load.wait_until(two_serve)
    return workers
