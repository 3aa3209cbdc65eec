"""A loss of power at any moment, simulated: every write that was not synced may be lost.

strace tells what the server wrote, what it synced and what it answered, in that order. The disk is
played from that, and forgets.
"""

import random
import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.disk import Disk
from tests.support.load import Load
from tests.support.server import SECRET, LyftrServer
from tests.support.stored import assert_kept
from tests.support.trace import Call, calls, tracing

Show = Callable[[str], None]

MESSAGES = 1_000
MOMENTS = 60
EACH = 3
"""One loss at each moment keeps nothing that was not synced, the others some of it."""
_HANGS = 120.0
_ACKNOWLEDGED = re.compile(rb"HTTP/1\.1 200 .*?\r\nx-request-id: ([^\r]+)\r\n", re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the database of the traced server is."""
    return tmp_path_factory.mktemp("disk")


@pytest.fixture(scope="module")
def traced(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Call]:
    """What a server did from its first start, on no database, to its end, through checkpoints."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    trace = elsewhere / "trace.txt"
    database = folder / "lyftr.db"
    variables = {"WEBHOOK_SECRET": SECRET, "DATABASE_URL": f"sqlite:///{database}"}
    server = LyftrServer(elsewhere, prefix=tracing(trace), **variables)
    deadline = time.monotonic() + _HANGS
    try:
        with server, Load(server.port, SECRET, "m", senders=8) as load:
            load.wait_for(1)
            first = _salt_of_the_log(database)
            while len(load.acknowledged) < MESSAGES or _salt_of_the_log(database) == first:
                assert time.monotonic() < deadline, "the write-ahead log never began anew"
                time.sleep(0.05)
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()
    return list(calls(trace))


def test_a_loss_of_power_at_any_moment_loses_nothing_acknowledged(
    traced: list[Call], folder: Path, tmp_path: Path, show: Show
) -> None:
    seed = random.SystemRandom().randrange(2**32)
    show(f"seed {seed}")
    chance = random.Random(seed)  # noqa: S311 - it has to be random only once
    disk = Disk(folder)
    acknowledged: set[str] = set()
    answers = [n for n, call in enumerate(traced) if acknowledged_by(call)]
    others = chance.sample(range(len(traced)), MOMENTS)
    moments = {*chance.sample(answers, MOMENTS), *answers[:3], *others, len(traced) - 1}
    for number, call in enumerate(traced):
        disk.follow(call)
        acknowledged |= acknowledged_by(call)
        for trial in range(EACH if number in moments else 0):
            (left := tmp_path / f"loss-{number}-{trial}").mkdir()
            disk.after_power_loss(left, chance if trial else None)
            look(left / "lyftr.db", acknowledged)
    assert len(acknowledged) >= MESSAGES
    show(f"{len(moments) * EACH} losses of power, {len(acknowledged)} acknowledged, none lost")


def test_the_folder_is_synced_before_the_first_answer(traced: list[Call], folder: Path) -> None:
    """Else the very names of the files could be lost with all that is in them."""
    database = folder / "lyftr.db"
    first = next(n for n, call in enumerate(traced) if acknowledged_by(call))
    log = max(
        n
        for n, call in enumerate(traced[:first])
        if call.name == "openat" and call.path == f"{database}-wal" and b"O_CREAT" in call.rest
    )
    assert any(
        call.path == str(database.parent) and call.ended and call.worked
        for call in traced[log:first]
        if call.name in {"fsync", "fdatasync"}
    )


def acknowledged_by(call: Call) -> set[str]:
    """Return the messages that a call answers 2xx, as it begins."""
    if call.ended or call.name not in {"write", "writev", "sendto", "sendmsg"}:
        return set()
    found = {message_id.decode() for message_id in _ACKNOWLEDGED.findall(call.data)}
    return {message_id for message_id in found if message_id.startswith("m-")}


def look(database: Path, acknowledged: set[str]) -> None:
    """Look for every acknowledged message, in a database that nothing is wrong with."""
    if not acknowledged and not database.exists():
        return
    assert database.exists(), "the database file itself is lost"
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    if acknowledged:
        assert_kept(database, acknowledged)


def _salt_of_the_log(database: Path) -> bytes:
    return Path(f"{database}-wal").read_bytes()[16:24]
