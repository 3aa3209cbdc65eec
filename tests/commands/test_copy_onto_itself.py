"""`lyftr copy` refuses a target that is its source."""

from pathlib import Path

import pytest

from tests.commands.conftest import COMPANIONS, refused
from tests.support.server import Lyftr

pytestmark = pytest.mark.usefixtures("folder")


@pytest.mark.parametrize("name", ["lyftr.db", "./lyftr.db", "link", "hard", "same/lyftr.db"])
def test_nothing_is_copied_onto_itself(lyftr: Lyftr, tmp_path: Path, name: str) -> None:
    Path("link").symlink_to("lyftr.db")
    Path("hard").hardlink_to("lyftr.db")
    Path("same").symlink_to(tmp_path)
    for url in (f"sqlite:///{name}", f"sqlite+aiosqlite:///{tmp_path}/{name}"):
        assert "is the database that is copied from" in refused(lyftr, "copy", "--to", url)
        assert "is the database" in refused(lyftr, "copy", "--from", url, "--to", "sqlite:///link")


def test_nothing_is_copied_into_a_companion(lyftr: Lyftr) -> None:
    for end in COMPANIONS:
        refused(lyftr, "copy", "--to", f"sqlite:///lyftr.db{end}")
    assert lyftr("copy", "--to", "sqlite:///lyftr.db2").returncode == 0
