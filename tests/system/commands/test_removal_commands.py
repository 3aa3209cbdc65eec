"""`lyftr purge` and `lyftr erase` beside a real server; retention in one."""

import time
from pathlib import Path

import pytest

from tests.support.load import Load
from tests.support.server import (
    PATIENCE,
    SECRET,
    Lyftr,
    Serve,
)
from tests.support.stored import assert_nothing_wrong
from tests.support.stores import ON_BOTH, Inbox
from tests.support.terminal import on_a_terminal

_PERSON = "+918877665544"
_TEXT = "a text that nobody else has written"
_MANY = 20_000


def _bytes_of(path: Path) -> bytes:
    files = (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm"))
    return b"".join(file.read_bytes() for file in files if file.exists())


def test_an_erased_number_is_nowhere_while_the_server_goes_on(
    serve: Serve, lyftr: Lyftr, tmp_path: Path
) -> None:
    file = tmp_path / "lyftr.db"
    with serve() as server:
        server.deliver("from", **{"from": _PERSON, "text": _TEXT})
        server.deliver("to", to=_PERSON, text=_TEXT)
        server.deliver("other")
        assert _PERSON.encode() in _bytes_of(file)
        done = lyftr("erase", "--number", _PERSON, "--yes")
        assert (done.returncode, done.stdout.decode()) == (
            0,
            f"2 messages removed; nothing of their texts is left in {file}\n",
        )
        assert _PERSON.encode() not in _bytes_of(file)
        assert _TEXT.encode() not in _bytes_of(file)
        assert server.http.get("/messages").json()["total"] == 1
        assert server.http.get("/messages/from").status_code == 404
        assert server.http.get("/messages", params={"from": _PERSON}).json()["total"] == 0
        assert server.http.get("/messages", params={"q": "nobody"}).json()["total"] == 0
        assert server.http.get("/stats").json()["total_messages"] == 1
        assert server.http.get("/messages?after=0").json()["items"][0]["message_id"] == "other"
        # A late redelivery is a duplicate, and brings nothing back; a changed one is a conflict.
        server.deliver("from", **{"from": _PERSON, "text": _TEXT})
        server.deliver("from", **{"from": _PERSON, "text": "changed"})
        assert server.wait_for_line('"result":"duplicate"')["message_id"] == "from"
        assert server.wait_for_line('"result":"conflict"')["message_id"] == "from"
        assert server.http.get("/stats").json()["total_messages"] == 1
        assert _PERSON not in server.output.read_text()
    assert_nothing_wrong(file)


@pytest.mark.parametrize(("answer", "left"), [(b"n\n", 1), (b"y\n", 0)])
def test_a_person_is_asked_and_is_obeyed(
    tmp_path: Path, inbox: Inbox, answer: bytes, left: int
) -> None:
    inbox.fill(1)
    with on_a_terminal(tmp_path, "purge", "--older-than", "1d") as terminal:
        terminal.wait_for("Remove 1 message for good? [y/N]")
        terminal.type(answer)
        status, _ = terminal.end()
    assert (status != 0, inbox.present()) == (bool(left), left)


@ON_BOTH
@pytest.mark.parametrize("workers", ["1", "2"])
def test_retention_removes_old_messages_and_the_server_ends_in_the_middle_of_it(
    serve: Serve, inbox: Inbox, workers: str
) -> None:
    inbox.fill(_MANY)
    with serve("--workers", workers, RETENTION_DAYS="1") as server:
        # An attempt that failed, as on a file that was locked, is made again after a minute.
        deadline = time.monotonic() + 3 * PATIENCE
        while inbox.present() == _MANY and time.monotonic() < deadline:
            time.sleep(0.002)  # polling, up to the deadline
        assert server.stop() == 0, server.output.read_text()
    assert 0 < inbox.present() < _MANY, server.output.read_text()
    inbox.assert_nothing_wrong()
    with serve("--workers", workers, RETENTION_DAYS="1") as server:
        server.deliver("new").raise_for_status()
        server.wait_for_line('"old messages removed"', 5 * PATIENCE)  # it makes way for others
        assert server.http.get("/messages").json()["total"] == 1
        assert "messages_removed_total" in server.http.get("/metrics").text
    inbox.assert_nothing_wrong()


@ON_BOTH
def test_webhooks_are_acknowledged_and_kept_while_many_messages_are_purged(
    serve: Serve, lyftr: Lyftr, inbox: Inbox
) -> None:
    inbox.fill(5_000)
    with serve() as server, Load(server.port, SECRET, "new") as load:
        load.wait_for(100)
        before = len(load.acknowledged)
        done = lyftr("purge", "--older-than", "1d", "--yes")
        assert done.returncode == 0, done.stderr
        assert len(load.acknowledged) > before
        load.stop()
        assert {answer.status for answer in load.answers} == {200}
        total = server.http.get("/messages?limit=1").json()["total"]
        assert total >= len(load.acknowledged)
    inbox.assert_nothing_wrong()
