"""Run each command once as a real process. Other tests run commands in the pytest process.

A new command fails here until it is listed.
"""

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from lyftr_cli.main import SECTIONS
from lyftr_core import HexHmacSha256
from lyftr_core.message import Record
from lyftr_core.testing.strategies.samples import sample
from tests.commands.conftest import LINE
from tests.support.results import ok
from tests.support.server import SECRET, Lyftr, Serve
from tests.support.server_fixtures import lyftr, serve
from tests.support.stored import assert_nothing_wrong
from tests.support.stores import put_records

__all__ = ["lyftr", "serve"]

COMMANDS = [str(command.name) for commands in SECTIONS.values() for command in commands]
SIGNATURE = HexHmacSha256(SECRET).sign(LINE.encode())


class Work(NamedTuple):
    """Arguments of a command and its expected output."""

    arguments: tuple[str, ...]
    printed: str


AT_A_SERVER = {
    "send": Work(("--file", "in.jsonl"), '"taken":1,'),
    "conformance": Work(("--only", "phone_number"), "phone_number"),
}
ALONE = {
    "migrate": Work((), "nothing to do"),
    "sign": Work(("in.jsonl",), SIGNATURE),
    "verify": Work(("in.jsonl", "-H", f"X-Signature: {SIGNATURE}"), "verified, with WEBHOOK_"),
    "tail": Work(("-n", "1"), '{"message_id":"m1",'),
    "search": Work(("hello",), '{"message_id":"m1",'),
    "stats": Work((), '"total_messages":1,'),
    "conflicts": Work((), '{"message_id":"m1",'),
    "check": Work((), "messages: ok\n"),
    "rebuild": Work((), "rebuilt up to seq 1\n"),
    "export": Work((), '{"message_id":"m1",'),
    "import": Work(("in.jsonl",), "1 new, 0 there already, 0 conflicts\n"),
    "backup": Work(("copy.db",), "copy.db: "),
    "restore": Work(("backup.db",), "lyftr.db"),
    "copy": Work(("--to", "sqlite:///copy.db"), "1 messages copied\n"),
    "purge": Work(("--older-than", "1d", "--yes"), "1 message removed"),
    "erase": Work(("--number", sample().sender, "--yes"), "1 message removed"),
    "completion": Work(("bash",), "_LYFTR_COMPLETE"),
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database of one message and one conflict, its copy, and a line to take in."""
    folder = tmp_path_factory.mktemp("template")
    both = (sample("m1"), sample("m1", text="another"))
    put_records(folder / "lyftr.db", (Record(message=message) for message in both))
    shutil.copy(folder / "lyftr.db", folder / "backup.db")
    (folder / "in.jsonl").write_text(LINE)
    return folder


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path, dirs_exist_ok=True))


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in AT_A_SERVER])
def test_a_process_does_the_work_of_each_command(
    serve: Serve, lyftr: Lyftr, folder: Path, command: str
) -> None:
    if command == "serve":
        with serve() as server:
            assert server.deliver("new").status_code == 200
            assert server.stop() == 0
        return
    arguments, printed = ALONE[command]
    assert printed in ok(lyftr(command, *arguments, WEBHOOK_SECRET=SECRET))


def test_a_process_migrates_from_nothing(lyftr: Lyftr, tmp_path: Path) -> None:
    assert "schema none -> " in ok(lyftr("migrate", DATABASE_URL="sqlite:///new.db"))
    assert_nothing_wrong(tmp_path / "new.db")


@pytest.mark.parametrize("command", AT_A_SERVER)
def test_a_process_asks_a_server(serve: Serve, lyftr: Lyftr, folder: Path, command: str) -> None:
    arguments, printed = AT_A_SERVER[command]
    with serve() as server:
        url = f"http://127.0.0.1:{server.port}/webhook"
        done = lyftr(command, *arguments, "--url", url, WEBHOOK_SECRET=SECRET)
        assert printed in ok(done)
