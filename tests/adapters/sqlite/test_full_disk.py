"""On a full file system every error names it; SQLite often says `disk I/O error`."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from lyftr_core import Message, StorageUnavailable
from lyftr_sql.log_rows import LogRow
from lyftr_sqlite import SqliteStore, check, migrate
from lyftr_sqlite.connection.failures import as_storage_unavailable
from lyftr_sqlite.connection.obstacles import obstacle_to_writing
from lyftr_sqlite.maintenance.backup import back_up
from lyftr_sqlite.maintenance.log_copy import open_log_target
from lyftr_sqlite.maintenance.restore import restore
from tests.support.disks import mounted

_NOW = datetime(2026, 1, 15, tzinfo=UTC)


@pytest.fixture(autouse=True)
def new_databases_from_a_template() -> None:
    """Here every database is migrated, not copied."""


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system with room for few databases."""
    folder = tmp_path / "small"
    folder.mkdir()
    with mounted(folder, "600k"):
        yield folder


def _fill(folder: Path) -> None:
    """Leave no room."""
    size = shutil.disk_usage(folder).free
    (folder / "rest").write_bytes(bytes(size))
    assert shutil.disk_usage(folder).free == 0


def _refused(action: Callable[[], object]) -> str:
    with pytest.raises(StorageUnavailable) as refused:
        action()
    return str(refused.value)


def test_every_command_names_the_full_file_system(small: Path, tmp_path: Path) -> None:
    path, outside = small / "inbox.db", tmp_path / "outside.db"
    migrate(path)
    migrate(outside)
    new, backup = small / "new.db", small / "backup.db"
    backup.touch()
    _fill(small)
    why = f"the file system of {small} is full ("
    assert f"cannot check {path}: {why}" in _refused(lambda: list(check(path)))
    assert f"cannot open {path}: {why}" in _refused(lambda: migrate(path))
    assert f"cannot open {new}: {why}" in _refused(lambda: migrate(new))
    assert f"cannot write {backup}: {why}" in _refused(lambda: back_up(outside, backup))
    assert why in _refused(lambda: restore(small / "restored.db", outside, now=_NOW))
    assert not list(tmp_path.glob("outside.db-*"))


def test_a_copy_names_the_full_file_system(small: Path) -> None:
    path = small / "inbox.db"
    with open_log_target(path) as target:
        _fill(small)
        row = LogRow(1, "m1", "+12", "+13", 0, "text" * 500_000, 0, None, None)
        told = _refused(lambda: target.append([row], after=0))
    assert f"cannot write {path}: the file system of {small} is full (" in told


async def test_a_webhook_is_refused_with_the_name_of_the_full_file_system(
    small: Path, message: Callable[..., Message]
) -> None:
    async with SqliteStore(f"sqlite:///{small / 'inbox.db'}") as store:
        _fill(small)
        large = message(message_id="m1", text="x" * 4_000)
        with pytest.raises(StorageUnavailable, match=r"the file system of .*small is full \("):
            await store.writer.add(large, received_at=_NOW)
        (small / "rest").unlink()
        await store.writer.add(large, received_at=_NOW)


def test_a_full_database_on_a_file_system_with_room_is_not_blamed_on_it(path: Path) -> None:
    why = partial(obstacle_to_writing, path)
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA max_page_count=1")
        with pytest.raises(StorageUnavailable) as refused, as_storage_unavailable("no", why):
            database.execute("CREATE TABLE more (large)")
    assert str(refused.value) == "no: database or disk is full"
