"""A database that every user of the machine can open is warned of at the start."""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lyftr_core.database import Database
from lyftr_runtime.databases import choose_database
from lyftr_runtime.settings import Settings


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that every user can enter; the parents of `tmp_path` are closed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        folder.chmod(0o755)
        yield folder


def _database(file: Path) -> Database:
    settings = Settings(database_url=f"sqlite:///{file}")
    return choose_database(settings, lambda _commit: None, lambda: None)


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602])
def test_a_database_that_every_user_can_open_is_warned_of(folder: Path, mode: int) -> None:
    file = folder / "inbox.db"
    file.touch()
    file.chmod(mode)
    (warning,) = _database(file).prepare()
    assert warning == (
        f"every user of this machine can open {file}: they can read the messages, or lock the file"
        f" so that webhooks are refused. Stop lyftr, then run: chmod o= {file}*"
    )
    assert file.stat().st_mode & 0o777 == mode


def test_the_command_of_the_warning_holds_for_any_name(folder: Path) -> None:
    file = folder / "the inbox's $HOME.db"
    file.touch()
    file.chmod(0o644)
    (warning,) = _database(file).prepare()
    subprocess.run(["/bin/sh", "-c", warning.rpartition("run: ")[2]], check=True)
    assert file.stat().st_mode & 0o777 == 0o640


def test_one_that_is_new_or_for_a_group_or_in_a_closed_folder_is_not(
    folder: Path,
) -> None:
    assert _database(folder / "new.db").prepare() == ()
    (folder / "group.db").touch()
    (folder / "group.db").chmod(0o660)
    assert _database(folder / "group.db").prepare() == ()
    (folder / "closed").mkdir(0o700)
    (folder / "closed" / "inbox.db").touch()
    (folder / "closed" / "inbox.db").chmod(0o644)
    (folder / "link.db").symlink_to(folder / "closed" / "inbox.db")
    assert _database(folder / "link.db").prepare() == ()
