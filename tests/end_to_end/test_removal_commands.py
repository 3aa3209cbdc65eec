"""`lyftr purge` and `lyftr erase` on a real database, beside a real server, killed in between."""

import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.end_to_end.conftest import (
    LYFTR,
    PATIENCE,
    SECRET,
    Lyftr,
    Serve,
    environment,
    refusal,
)
from tests.end_to_end.load import Load
from tests.end_to_end.stored import assert_nothing_wrong
from tests.end_to_end.stores import ON_BOTH, Inbox
from tests.end_to_end.terminal import on_a_terminal

_PERSON = "+918877665544"
_TEXT = "a text that nobody else has written"
_LATER = "2100-01-01T00:00:00Z"
_EVERYTHING = ("purge", "--older-than", _LATER, "--yes")
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


@ON_BOTH
def test_purge_counts_asks_removes_and_says_so(
    lyftr: Lyftr, database_variables: dict[str, str], inbox: Inbox
) -> None:
    inbox.fill(3)
    done = lyftr("purge", "--older-than", "1d", "--dry-run")
    assert (done.returncode, done.stdout) == (0, b"3 messages would be removed\n")
    assert lyftr("purge", "--older-than", "2026-01-15T12:00:00Z", "--dry-run").stdout[:1] == b"0"
    assert "--yes" in refusal(lyftr("purge", "--older-than", "1d"))
    assert inbox.present() == 3
    done = lyftr("purge", "--older-than", "24h", "--yes")
    # What the files of PostgreSQL hold is not ours to say.
    said = " from" if database_variables else "; nothing of their texts is left in"
    assert done.stdout.decode() == f"3 messages removed{said} {inbox.name}\n"
    assert inbox.present() == 0
    assert lyftr(*_EVERYTHING).stdout[:1] == b"0"
    inbox.assert_nothing_wrong()


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


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("erase", "--number", "918877665544"), id="number"),
        pytest.param(("erase", "--number", f"{_PERSON}x"), id="more"),
        pytest.param(("purge", "--older-than", "918877665544"), id="age"),
        pytest.param(("purge", "--older-than", "-1d"), id="negative"),
        pytest.param(("purge", "--older-than", ""), id="empty"),
        pytest.param(("purge",), id="none"),
        pytest.param(("erase",), id="nobody"),
    ],
)
def test_what_is_no_age_and_no_number_is_refused_and_not_repeated(
    lyftr: Lyftr, inbox: Inbox, arguments: tuple[str, ...]
) -> None:
    inbox.fill(1)
    assert "8877665544" not in refusal(lyftr(*arguments, "--yes"))
    assert inbox.present() == 1


@pytest.mark.parametrize("command", [_EVERYTHING, ("erase", "--number", _PERSON, "--yes")])
def test_a_missing_database_is_refused_and_not_made(
    lyftr: Lyftr, tmp_path: Path, command: tuple[str, ...]
) -> None:
    assert "no such file" in refusal(lyftr(*command))
    assert not (tmp_path / "lyftr.db").exists()


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


@pytest.mark.once
@ON_BOTH
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_purge_that_is_interrupted_leaves_nothing_half_done_and_another_finishes_it(
    lyftr: Lyftr,
    tmp_path: Path,
    database_variables: dict[str, str],
    inbox: Inbox,
    number: signal.Signals,
) -> None:
    inbox.fill(_MANY)
    process = subprocess.Popen(
        [*LYFTR, *_EVERYTHING],
        cwd=tmp_path,
        env=environment(**database_variables),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + PATIENCE
    while inbox.present() == _MANY and time.monotonic() < deadline:
        time.sleep(0.002)  # polling, up to the deadline
    process.send_signal(number)
    assert process.wait(PATIENCE) in {130, -number}
    assert 0 < inbox.present() < _MANY
    inbox.assert_nothing_wrong()
    assert lyftr(*_EVERYTHING).returncode == 0
    assert inbox.present() == 0
    inbox.assert_nothing_wrong()


@pytest.mark.once
@ON_BOTH
def test_webhooks_are_acknowledged_and_kept_while_many_messages_are_purged(
    serve: Serve, lyftr: Lyftr, inbox: Inbox
) -> None:
    inbox.fill(_MANY)
    with serve() as server, Load(server.port, SECRET, "new") as load:
        load.wait_for(100)
        done = lyftr("purge", "--older-than", "1d", "--yes")
        assert done.returncode == 0, done.stderr
        load.stop()
        assert {answer.status for answer in load.answers} == {200}
        total = server.http.get("/messages?limit=1").json()["total"]
        assert total >= len(load.acknowledged) > 100
    inbox.assert_nothing_wrong()
