"""The page on backups, followed with a server that takes webhooks all the while."""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.site.pages import ROOT, Block, blocks_of
from tests.site.printed import assert_shown
from tests.site.reader import PATIENCE, Reader
from tests.support.load import Load, fields_of

BLOCKS = [
    block
    for block in blocks_of(ROOT / "docs" / "how-to" / "back-up-and-restore.md")
    if block.language in {"sh", "output", "stop"}
]
TAKE, CHECK, FINDINGS, STOP, REPLACE, START = BLOCKS
SECRET = "a-secret"
SERVER = Block("sh", f"WEBHOOK_SECRET={SECRET} .venv/bin/lyftr serve\n", "", 0)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    if shutil.which("bash") is None:
        pytest.skip("not installed: bash")
    with Reader(tmp_path) as reader:
        yield reader


def test_a_backup_under_load_holds_what_was_acknowledged_and_comes_back(reader: Reader) -> None:
    assert STOP.language == "stop"
    reader.run(SERVER)
    with Load(reader.port, SECRET, "m") as load:
        load.wait_for(500)
        before = set(load.acknowledged)
        reader.run(TAKE)
        load.wait_for(500)
        assert_shown("output", FINDINGS.text, reader.run(CHECK))  # the server runs on
    after = set(load.acknowledged) - before
    backed_up = _identifiers(reader.folder / "backup.db")
    assert before <= backed_up
    assert after - backed_up, "the load went on after the backup"
    reader.stop()
    reader.run(REPLACE)
    reader.run(START)
    assert _served(reader.port, len(backed_up)) == {name: fields_of(name) for name in backed_up}


def test_a_backup_of_a_server_that_was_killed_holds_everything(reader: Reader) -> None:
    reader.run(SERVER)
    with Load(reader.port, SECRET, "m", limit=300) as load:
        load.join()
    reader.stop(number=9)
    reader.run(TAKE)
    assert_shown("output", FINDINGS.text, reader.run(CHECK))
    assert _identifiers(reader.folder / "backup.db") == set(load.acknowledged)


def test_a_backup_of_a_server_that_ended_holds_everything(reader: Reader) -> None:
    reader.run(SERVER)
    with Load(reader.port, SECRET, "m", limit=300) as load:
        load.join()
    reader.stop()
    reader.run(TAKE)
    assert _identifiers(reader.folder / "backup.db") == set(load.acknowledged)


def test_what_was_taken_in_after_a_restore_is_taken_in(reader: Reader) -> None:
    reader.run(SERVER)
    with Load(reader.port, SECRET, "old", limit=50) as load:
        load.join()
    reader.run(TAKE)
    reader.stop()
    reader.run(REPLACE)
    reader.run(START)
    with Load(reader.port, SECRET, "new", limit=50) as load:
        load.join()
    assert len(_served(reader.port, 100)) == 100
    reader.run(Block("sh", ".venv/bin/lyftr check\n", "", 0))


def _identifiers(database: Path) -> set[str]:
    with sqlite3.connect(database) as connection:
        found = {row[0] for row in connection.execute("SELECT message_id FROM messages")}
    connection.close()
    return found


def _served(port: int, count: int) -> dict[str, dict[str, str]]:
    """Return every message that the server lists, as its sender wrote it."""
    found: dict[str, dict[str, str]] = {}
    cursor: str | None = ""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as http:
        while cursor is not None:
            page = http.get("/messages", params={"limit": 100, "cursor": cursor}).json()
            assert page["total"] == count
            found |= {
                item["message_id"]: {name: item[name] for name in fields_of(item["message_id"])}
                for item in page["items"]
            }
            cursor = page["next_cursor"]
    return found
