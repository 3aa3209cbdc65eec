"""The file that a target is until it is whole: certainly ours, and nobody else's."""

import os
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from lyftr_cli.environment import database_for, settings_from_environment
from lyftr_cli.transfer.part_file import part_file
from lyftr_core import StorageError
from lyftr_core.database import Database
from tests.commands.conftest import refused
from tests.support.results import ok, told
from tests.support.server import Lyftr

pytestmark = pytest.mark.usefixtures("folder")


def of_nobody(part: Path) -> None:
    part.touch()
    os.chown(part, 65_534, -1)


PARTS: dict[str, Callable[[Path], object]] = {
    "a symbolic link": lambda part: part.symlink_to("victim"),
    "a FIFO": os.mkfifo,
    "a folder": lambda part: part.mkdir(),
    "a hard link": lambda part: part.hardlink_to("victim"),
    "another user": of_nobody,
}


@pytest.mark.parametrize("words", PARTS)
def test_a_part_file_that_others_may_have_made_is_refused(lyftr: Lyftr, words: str) -> None:
    if words == "another user" and os.geteuid() != 0:
        pytest.skip("only root can make a file of another user")
    Path("victim").write_text("")
    PARTS[words](Path("x.part"))
    for arguments in (["export", "--output", "x"], ["export", "--output", "x", "--resume"]):
        line = refused(lyftr, *arguments)
        assert "x.part" in line
        assert words in line
    assert "x.part" in refused(lyftr, "backup", "x", "--force")


def test_what_others_may_have_written_is_not_resumed(lyftr: Lyftr) -> None:
    Path("x.part").touch()
    Path("x.part").chmod(0o620)
    assert "x.part is writable by other users" in refused(
        lyftr, "export", "--output", "x", "--resume"
    )
    assert lyftr("export", "--output", "x").returncode == 0
    assert Path("x").stat().st_mode & 0o777 == 0o600


def test_who_has_an_old_part_file_open_sees_nothing_of_the_new_one(lyftr: Lyftr) -> None:
    Path("x.part").touch(0o644)
    with Path("x.part").open("rb") as spy:
        assert lyftr("export", "--output", "x").returncode == 0
        assert spy.read() == b""


def test_a_part_file_of_ours_is_resumed_and_private(lyftr: Lyftr) -> None:
    whole = ok(lyftr("export"))
    Path("x.part").touch(0o644)
    Path("x.part").write_text(whole)
    number = Path("x.part").stat().st_ino
    assert lyftr("export", "--output", "x", "--resume").returncode == 0
    assert (Path("x").read_text(), Path("x").stat().st_ino) == (whole, number)
    assert Path("x").stat().st_mode & 0o777 == 0o600


def access(name: str) -> tuple[int, int, int]:
    status = Path(name).stat()
    return status.st_uid, status.st_gid, status.st_mode & 0o777


@pytest.mark.parametrize(("mode", "kept"), [(0o640, 0o640), (0o664, 0o660), (0o600, 0o600)])
def test_a_file_that_is_replaced_keeps_who_has_access_but_other_users(
    lyftr: Lyftr, mode: int, kept: int
) -> None:
    Path("x").touch()
    Path("x").chmod(mode)
    for command in (["export", "--output"], ["backup"]):
        assert lyftr(*command, "x", "--force").returncode == 0
        assert access("x") == (os.geteuid(), os.getegid(), kept)


def test_a_hard_link_gives_its_permissions_to_no_new_file(lyftr: Lyftr) -> None:
    Path("victim").touch()
    Path("victim").chmod(0o664)
    Path("x").hardlink_to("victim")
    status, _, err = told(lyftr("export", "--output", "x", "--force"))
    assert (status, Path("victim").read_bytes(), access("x")[2]) == (0, b"", 0o600)
    assert "was a hard link" in err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of other users")
def test_root_keeps_the_owner_only_in_a_folder_of_theirs(lyftr: Lyftr) -> None:
    for folder, owner, words in (("theirs", 65_534, ""), (".", 0, "belonged to another user")):
        Path(folder).mkdir(exist_ok=True)
        os.chown(folder, owner, 0)
        name = f"{folder}/x"
        Path(name).touch()
        os.chown(name, 65_534, 7)
        Path(name).chmod(0o640)
        status, _, err = told(lyftr("export", "--output", name, "--force"))
        assert status == 0
        assert words in err
        assert access(name) == ((65_534, 7, 0o640) if owner else (0, 0, 0o600))


@pytest.fixture
def database(folder: Path) -> Database:
    return database_for(settings_from_environment())


def test_two_runs_do_not_write_the_same_file(database: Database) -> None:
    for resume in (False, True):
        with part_file(Path("x"), database, force=True) as stream:
            stream.write(b"first")
            with (
                pytest.raises(click.ClickException, match=r"x\.part is being written by another"),
                part_file(Path("x"), database, force=True, resume=resume),
            ):
                pass
        assert Path("x").read_bytes() == b"first"


def appeared_fifo() -> None:
    os.mkfifo("x")


def replaced_part() -> None:
    Path("x.part").rename("moved")
    Path("x.part").write_text("of somebody else")


def removed_part() -> None:
    Path("x.part").unlink()


def appeared_log() -> None:
    Path("x-wal").touch()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (appeared_fifo, "x is a FIFO"),
        (replaced_part, "was replaced"),
        (removed_part, "was replaced"),
        (appeared_log, "x-wal lies beside it"),
    ],
)
def test_what_happens_meanwhile_is_noticed_before_the_end(
    database: Database, change: Callable[[], None], words: str
) -> None:
    writing = part_file(Path("x"), database, force=True)
    writing.__enter__().write(b"ours")
    change()
    with pytest.raises((click.ClickException, StorageError), match=words):
        writing.__exit__(None, None, None)
    assert not Path("x").is_file()
