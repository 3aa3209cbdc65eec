"""What a database may be: a regular file, and not one that belongs to another database."""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.commands.conftest import files, refused
from tests.support.results import told
from tests.support.server import Lyftr

pytestmark = pytest.mark.usefixtures("folder")

KINDS: dict[str, Callable[[Path], object]] = {
    "folder": lambda path: path.mkdir(),
    "FIFO": os.mkfifo,
    "loop": lambda path: path.symlink_to(path.name),
    "device": lambda path: os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3)),
}


def using(target: str) -> Iterator[tuple[str, list[str]]]:
    """Yield every command that makes a database or replaces it, with its `DATABASE_URL`."""
    for arguments in (["migrate"], ["import", "in.jsonl"], ["rebuild"], ["restore", "backup.db"]):
        yield f"sqlite:///{target}", arguments
    yield "sqlite:///backup.db", ["copy", "--to", f"sqlite:///{target}"]


@pytest.fixture
def backup(folder: Path, lyftr: Lyftr) -> None:
    assert lyftr("backup", "backup.db").returncode == 0


@pytest.mark.usefixtures("backup")
@pytest.mark.parametrize("kind", KINDS)
def test_a_database_is_a_regular_file(lyftr: Lyftr, kind: str) -> None:
    if kind == "device" and os.geteuid() != 0:
        pytest.skip("only root can make a device")
    KINDS[kind](Path("x"))
    before = Path("x").lstat()
    for url, arguments in using("x"):
        line = refused(lyftr, *arguments, DATABASE_URL=url)
        assert "/x" in line
        assert ("symbolic links" if kind == "loop" else "not a regular file") in line
    assert (Path("x").lstat().st_mode, Path("x").lstat().st_ino) == (before.st_mode, before.st_ino)


@pytest.mark.usefixtures("backup")
@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal", "-lock", "-copy-lock"])
@pytest.mark.parametrize("is_there", [False, True])
def test_no_database_is_made_of_a_file_of_another_one(
    lyftr: Lyftr, end: str, *, is_there: bool
) -> None:
    if is_there:
        Path(f"lyftr.db{end}").touch()
    Path("link").symlink_to(f"lyftr.db{end}")
    before = files()
    for target in (f"lyftr.db{end}", "link"):
        for url, arguments in using(target):
            status, out, err = told(lyftr(*arguments, DATABASE_URL=url))
            assert (status, out) == (1, "")
            assert f"lyftr.db{end} belongs to the database" in err
            assert files() == before


def test_another_restore_is_left_alone(lyftr: Lyftr) -> None:
    Path("other.db").write_bytes(b"a database")
    assert "belongs to the database other.db" in refused(
        lyftr, "export", "--output", "other.db.restoring"
    )
