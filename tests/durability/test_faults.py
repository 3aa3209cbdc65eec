"""Faults under load: 503 while they last, nothing acknowledged lost, and it goes on after them."""

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.faults import FAULTS, Fault, full_disk
from tests.support.load import Answer, Load
from tests.support.server import SECRET, LyftrServer, Serve
from tests.support.stored import assert_kept, assert_nothing_wrong

Show = Callable[[str], None]

TAKEN = Answer(200, None)
REFUSED = Answer(503, "1")
SENDERS = 16
READS = ("/messages?q=says", "/messages?limit=100", "/messages/m-1", "/stats")


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
def test_a_fault_is_answered_503_loses_nothing_and_service_resumes_after_it(
    serve: Serve, tmp_path: Path, fault: Fault, show: Show
) -> None:
    with serve() as server:
        show(go_through(server, tmp_path / "lyftr.db", fault))


def test_a_full_disk_is_answered_503_loses_nothing_and_service_resumes_after_it(
    small_disk: Path, serve: Serve, show: Show
) -> None:
    path = small_disk / "lyftr.db"
    with serve(DATABASE_URL=f"sqlite:///{path}") as server:
        show(go_through(server, path, full_disk))


def overwrite_pages(database: Path) -> None:
    with database.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (database.stat().st_size - 4096))


def truncate(database: Path) -> None:
    os.truncate(database, 4096)


@pytest.mark.parametrize("damage", [overwrite_pages, truncate])
def test_a_database_damaged_under_the_server_is_answered_503_until_it_is_whole_again(
    serve: Serve, tmp_path: Path, damage: Callable[[Path], None], show: Show
) -> None:
    path = tmp_path / "lyftr.db"
    with serve() as server:
        before = deliver(server, "m")
        copy_the_log(path)
        whole = path.read_bytes()
        damage(path)
        with Load(server.port, SECRET, "while", senders=SENDERS) as load:
            load.wait_until(lambda: load.answers[REFUSED] >= SENDERS)
            load.wait_until(lambda: ready(server) == REFUSED)
        assert reads(server) == {503}
        with path.open("r+b") as file:
            file.write(whole)
        load.wait_until(lambda: ready(server) == TAKEN)
        load.wait_until(lambda: reads(server) == {200})
        after = deliver(server, "after")
        assert server.stop() == 0
    assert load.answers.keys() <= {TAKEN, REFUSED}
    assert "Traceback" not in server.output.read_text()
    stored = assert_kept(path, before | load.acknowledged.keys() | after)
    assert_nothing_wrong(path)
    show(f"{load.answers[TAKEN]} answered 200, {load.answers[REFUSED]} 503; {stored} stored")


def deliver(server: LyftrServer, name: str) -> set[str]:
    with Load(server.port, SECRET, name, senders=SENDERS, limit=500) as load:
        load.join()
    return set(load.acknowledged)


def copy_the_log(database: Path) -> None:
    """Empty the write-ahead log, so that nothing of it hides the damage, once nothing comes."""
    folded = "SELECT min(through_seq) = (SELECT max(seq) FROM messages) FROM projections"
    busy = True
    with closing(sqlite3.connect(database, timeout=60, isolation_level=None)) as other:
        while not other.execute(folded).fetchone()[0]:
            time.sleep(0.02)
        while busy:
            busy, _length, _copied = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def go_through(server: LyftrServer, path: Path, fault: Fault) -> str:
    """Have a load before, in and after a fault, and tell in a line what was answered."""
    with Load(server.port, SECRET, "m", senders=SENDERS) as load:
        load.wait_for(100)
        load.wait_until(lambda: "m-1" in load.acknowledged)
        with fault(server.process.pid, path):
            load.wait_until(lambda: load.answers[REFUSED] >= SENDERS)
            load.wait_until(lambda: ready(server) == REFUSED)
            assert reads(server) <= {200, 503}
        load.wait_until(lambda: ready(server) == TAKEN)
        load.wait_until(lambda: reads(server) == {200})
        load.wait_for(100)
    assert server.stop() == 0
    assert load.answers.keys() == {TAKEN, REFUSED}
    assert load.unanswered == []
    output = server.output.read_text()
    assert "Traceback" not in output
    stored = assert_kept(path, load.acknowledged)
    assert_nothing_wrong(path)
    return (
        f"{load.answers[TAKEN]} answered 200, {load.answers[REFUSED]} answered 503 with"
        f" Retry-After: 1, not ready meanwhile; {stored} stored, none lost"
    )


def ready(server: LyftrServer) -> Answer:
    """Return what readiness answers."""
    answer = server.http.get("/health/ready")
    return Answer(answer.status_code, answer.headers.get("Retry-After"))


def reads(server: LyftrServer) -> set[int]:
    """Return what reads of messages that are there are answered."""
    return {server.http.get(target).status_code for target in READS}
