"""What commands write to: never a file of a database, nor what is no regular file."""

import os
import shutil
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from lyftr_sqlite import migrate
from tests.commands.conftest import COMPANIONS, files, refused
from tests.support.results import ok, told
from tests.support.server import Lyftr

pytestmark = pytest.mark.usefixtures("folder")

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of other users")


def writing(target: str) -> Iterator[list[str]]:
    """Yield every command that writes a file, told to write this one."""
    for force in ([], ["--force"]):
        yield ["export", "--output", target, *force]
        yield ["backup", target, "--check", *force]
    yield ["export", "--output", target, "--force", "--resume"]
    yield ["import", "in.jsonl", "--skip-invalid", target]
    yield ["send", "--file", "in.jsonl", "--dry-run", "--failed", target]


@pytest.mark.parametrize("end", ["", *COMPANIONS])
def test_no_command_writes_to_the_database_or_its_companions(lyftr: Lyftr, end: str) -> None:
    for arguments in writing(f"lyftr.db{end}"):
        line = refused(lyftr, *arguments)
        assert f"lyftr.db{end}" in line
        assert "is the database" in line
        assert "--force" not in line


def test_the_database_is_known_by_every_name(lyftr: Lyftr, tmp_path: Path) -> None:
    Path("folder").mkdir()
    Path("same").symlink_to(tmp_path)
    Path("link").symlink_to("lyftr.db")
    Path("hard").hardlink_to("lyftr.db")
    Path("log").symlink_to("lyftr.db-wal")
    names = ["./lyftr.db", "folder/../lyftr.db-wal", f"{tmp_path}/lyftr.db", "link", "hard", "log"]
    for name in (*names, "same/lyftr.db", "same/lyftr.db-lock"):
        for arguments in writing(name):
            assert "is the database" in refused(lyftr, *arguments)


def test_a_database_behind_a_link_has_its_companions_beside_it(lyftr: Lyftr) -> None:
    Path("link.db").symlink_to("lyftr.db")
    for name in ("lyftr.db", "lyftr.db-wal", "link.db", "link.db-wal"):
        assert "is the database" in refused(
            lyftr, "export", "--output", name, "--force", DATABASE_URL="sqlite:///link.db"
        )


def test_a_part_file_is_not_the_database_either(lyftr: Lyftr) -> None:
    Path("lyftr.db").rename("x.part")
    for command in (("export", "--output", "x", "--resume"), ("backup", "x", "--force")):
        line = refused(lyftr, *command, DATABASE_URL="sqlite:///x.part")
        assert "x.part is the database" in line


@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal"])
def test_another_database_is_left_alone(lyftr: Lyftr, end: str) -> None:
    Path(f"other.db{end}").write_bytes(b"a log")
    for arguments in writing("other.db"):
        assert f"other.db{end} lies beside it" in refused(lyftr, *arguments)
    Path("other.db").write_bytes(b"a database")
    for arguments in writing(f"other.db{end}"):
        assert "belongs to the database other.db" in refused(lyftr, *arguments)


@pytest.mark.parametrize("end", ["", "-wal"])
@pytest.mark.parametrize(
    "arguments",
    [
        ["export"],
        ["search", "--all", "--json"],
        ["tail", "--json"],
        ["stats"],
        ["check"],
        ["import", "in.jsonl"],
        ["backup", "backup.db"],
        ["copy", "--to", "sqlite:///copy.db"],
    ],
)
def test_what_a_command_prints_is_not_added_to_the_database(
    lyftr: Lyftr, arguments: list[str], end: str
) -> None:
    Path("lyftr.db-wal").touch()
    before = files()
    with Path(f"lyftr.db{end}").open("ab") as file:
        status, _, err = told(lyftr(*arguments, redirected={1: file}))
    assert status == 1
    assert "standard output is the database" in err
    assert files() == before


def test_the_database_is_no_backup_of_itself(lyftr: Lyftr) -> None:
    Path("link").symlink_to("lyftr.db")
    shutil.copy("lyftr.db", "lyftr.db.restoring")
    Path("lyftr.db-lock").touch()
    for name in ("lyftr.db", "link", "lyftr.db-lock", "lyftr.db.restoring"):
        assert "not a backup of it" in refused(lyftr, "restore", name)


def bound(path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind(path.name)


KINDS: dict[str, Callable[[Path], object]] = {
    "folder": lambda path: path.mkdir(),
    "FIFO": os.mkfifo,
    "socket": bound,
    "symbolic link": lambda path: path.symlink_to("missing"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_regular_file_is_never_replaced(lyftr: Lyftr, kind: str) -> None:
    KINDS[kind](Path("x"))
    for arguments in writing("x"):
        line = refused(lyftr, *arguments)
        assert "choose another name" in line
        assert "--force" not in line
        if arguments[0] in {"export", "backup"}:
            assert f"x is a {kind}, not a regular file" in line


@as_root
def test_a_device_is_never_replaced(lyftr: Lyftr) -> None:
    os.mknod("null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    Path("out").symlink_to("null")
    for name, kind in (("null", "device"), ("out", "symbolic link")):
        assert f"{name} is a {kind}, not" in refused(lyftr, "export", "--output", name, "--force")
    assert stat.S_ISCHR(Path("null").stat().st_mode)


def test_a_link_to_a_regular_file_is_not_replaced_and_not_followed(lyftr: Lyftr) -> None:
    Path("old").write_text("old")
    Path("link").symlink_to("old")
    assert "symbolic link" in refused(lyftr, "export", "--output", "link", "--force")


def test_a_dash_is_standard_output_where_that_makes_sense(lyftr: Lyftr) -> None:
    assert told(lyftr("export", "--output", "-")) == told(lyftr("export"))
    assert ok(lyftr("export", "--output", "-", "--format", "csv")).startswith("message_id,")
    assert "need --output FILE" in refused(lyftr, "export", "--output", "-", "--resume")
    for arguments in writing("-"):
        if arguments[0] != "export":
            assert "pass ./-" in refused(lyftr, *arguments)
    assert lyftr("export", "--output", "./-").returncode == 0
    assert Path("-").read_text() == ok(lyftr("export"))
    assert lyftr("backup", "./-", "--force").returncode == 0
    assert Path("-").read_bytes().startswith(b"SQLite format 3\0")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "must not be empty"),
        (".", "is a folder"),
        ("x.part", "names that end in .part are kept for unfinished files"),
        ("missing/x", "create its folder first"),
        ("lyftr.db/x", "choose another folder"),
        ("x" * 251, "choose a shorter name"),
        ("x" * 300, "choose a shorter name"),
    ],
)
def test_a_name_that_cannot_be_is_refused_in_one_line(lyftr: Lyftr, name: str, words: str) -> None:
    for command in (["export", "--force", "--output"], ["backup"]):
        assert words in refused(lyftr, *command, name)


def test_an_input_is_not_written_over(lyftr: Lyftr) -> None:
    for arguments in (
        ["import", "in.jsonl", "--skip-invalid", "./in.jsonl"],
        ["send", "--file", "in.jsonl", "--dry-run", "--failed", "./in.jsonl"],
    ):
        assert "in.jsonl: File exists; choose another name" in refused(lyftr, *arguments)


def test_a_sender_needs_no_database(lyftr: Lyftr) -> None:
    options = ("--file", "in.jsonl", "--dry-run", "--failed", "left")
    status, _, err = told(lyftr("send", *options, DATABASE_URL="nonsense"))
    assert (status, err) == (0, "")


def test_the_file_of_another_user_is_replaced_not_written_to(lyftr: Lyftr) -> None:
    Path("x").write_text("old")
    with Path("x").open("rb") as spy:
        assert lyftr("export", "--output", "x", "--force").returncode == 0
        assert spy.read() == b"old"


def test_a_database_may_be_made_from_a_backup_beside_it(lyftr: Lyftr) -> None:
    assert lyftr("backup", "backup.db", "--check").returncode == 0
    assert lyftr("backup", "backup.db", "--check", "--force").returncode == 0
    assert lyftr("restore", "backup.db").returncode == 0
    migrate(Path("lyftr.db"))
