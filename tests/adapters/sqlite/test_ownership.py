"""Whoever may use a database may use what lyftr makes beside it, and nobody else may."""

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import pytest

from lyftr_core import StorageUnavailable
from lyftr_core.message import Record
from lyftr_core.testing.strategies.samples import sample
from lyftr_sqlite import migrate, rebuild
from lyftr_sqlite.connection.locks import copying_lock, turn_lock
from lyftr_sqlite.maintenance.backup import back_up
from lyftr_sqlite.maintenance.importer import open_importer
from lyftr_sqlite.maintenance.restore import restore
from tests.support.sqlite_files import NOW, new_file

SERVICE, TEAM, COLLEAGUE = 4001, 4002, 4003
"""The user of the service, a group that shares its database, and a member of that group."""
_ENDS = ("-wal", "-shm", "-lock", "-copy-lock")

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as other users")

Owned = tuple[int, int, int]


@pytest.fixture(autouse=True)
def new_databases_from_a_template() -> None:
    """Here every database is migrated, not copied."""


def owned(path: Path) -> Owned:
    found = path.stat()
    return found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def acting_as(user: int, *groups: int) -> Iterator[None]:
    before = os.getgroups()
    os.setgroups(groups)
    os.setegid(user)
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(before)


@pytest.fixture
def folder() -> Iterator[Path]:
    """The service's own. It is not in `tmp_path`, whose parents are closed to other users."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if os.geteuid() == 0:
            os.chown(folder, SERVICE, SERVICE)
            folder.chmod(0o755)
        yield folder


@pytest.fixture
def database(folder: Path) -> Path:
    """The service's, as an earlier version made it."""
    path = new_file(folder)
    _give(path, (SERVICE, SERVICE, 0o644))
    return path


@pytest.fixture
def backup(database: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "backup.db"
    copy.touch()
    back_up(database, copy)
    return copy


def _give(path: Path, owner: Owned) -> None:
    os.chown(path, owner[0], owner[1])
    path.chmod(owner[2])


def _import_one(path: Path, message_id: str = "m1") -> None:
    with open_importer(path) as importer:
        importer.add([Record(message=sample(message_id))], received_at=NOW)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_a_new_database_is_for_its_owner_alone(tmp_path: Path, mask: int) -> None:
    with umask(mask):
        migrate(tmp_path / "inbox.db")
        _import_one(tmp_path / "inbox.db")
    assert {owned(file)[2] for file in tmp_path.iterdir()} == {0o600}


def test_a_new_database_behind_a_link_is_for_its_owner_alone(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "inbox.db")
    with umask(0):
        migrate(tmp_path / "link.db")
    assert owned(tmp_path / "inbox.db")[2] == 0o600


@as_root
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o660])
def test_a_file_made_beforehand_keeps_its_owner_and_mode_and_gives_them_on(
    folder: Path, mode: int
) -> None:
    path = folder / "inbox.db"
    path.touch()
    _give(path, (SERVICE, TEAM, mode))
    with umask(0o077):
        migrate(path)
        with open_importer(path) as importer, copying_lock(path):
            importer.add([Record(message=sample("m1"))], received_at=NOW)
            found = {end: owned(Path(f"{path}{end}")) for end in _ENDS}
    assert owned(path) == (SERVICE, TEAM, mode)
    of_writers = 0o660 if mode == 0o660 else 0o600
    assert found == {end: (SERVICE, TEAM, of_writers if "lock" in end else mode) for end in _ENDS}


@as_root
def test_root_makes_a_new_database_for_the_owner_of_the_folder(folder: Path) -> None:
    migrate(folder / "inbox.db")
    assert owned(folder / "inbox.db") == (SERVICE, SERVICE, 0o600)
    with acting_as(SERVICE):
        _import_one(folder / "inbox.db")


@as_root
def test_what_root_leaves_beside_a_database_the_service_can_use(database: Path) -> None:
    with umask(0o077):
        rebuild(database)
        with copying_lock(database) as mine:
            assert mine
    with acting_as(SERVICE):
        _import_one(database)
        with copying_lock(database) as mine:
            assert mine


@as_root
def test_a_colleague_leaves_a_lock_that_the_service_can_use(database: Path) -> None:
    _give(database, (SERVICE, TEAM, 0o660))
    _give(database.parent, (SERVICE, TEAM, 0o770))
    with umask(0o077), acting_as(COLLEAGUE, TEAM):
        _import_one(database)
    assert owned(Path(f"{database}-lock")) == (COLLEAGUE, TEAM, 0o660)
    with acting_as(SERVICE, TEAM):
        _import_one(database, "m2")


@as_root
@pytest.mark.parametrize("lock", [turn_lock, copying_lock])
def test_who_may_only_read_the_database_cannot_take_its_locks(
    database: Path, lock: Callable[[Path], AbstractContextManager[bool]]
) -> None:
    with acting_as(SERVICE), lock(database) as mine:
        assert mine
    with (
        acting_as(COLLEAGUE),
        pytest.raises(StorageUnavailable, match="lock"),
        lock(database),
    ):
        pass


@as_root
def test_a_lock_that_an_earlier_version_left_to_root_is_named_and_root_mends_it(
    database: Path,
) -> None:
    lock = Path(f"{database}-lock")
    lock.touch(0o600)
    with acting_as(SERVICE), pytest.raises(StorageUnavailable) as refused:
        _import_one(database)
    assert str(refused.value) == (
        f"cannot open {lock}, which belongs to root:root (mode 0600): give it the owner of"
        f" {database}, or remove it while no lyftr runs"
    )
    rebuild(database)
    assert owned(lock) == (SERVICE, SERVICE, 0o600)


@as_root
def test_a_lock_that_others_could_open_is_closed_to_them(database: Path) -> None:
    lock = Path(f"{database}-lock")
    lock.touch()
    _give(lock, (SERVICE, SERVICE, 0o644))
    with acting_as(SERVICE), turn_lock(database):
        pass
    assert owned(lock) == (SERVICE, SERVICE, 0o600)


@as_root
@pytest.mark.parametrize("make", [Path.symlink_to, Path.hardlink_to])
def test_root_gives_no_file_away_that_a_lock_merely_leads_to(
    database: Path, make: Callable[[Path, Path], None]
) -> None:
    secret = database.with_name("secret")
    secret.touch(0o600)
    make(Path(f"{database}-lock"), secret)
    with suppress(StorageUnavailable), turn_lock(database):
        pass
    assert owned(secret) == (0, 0, 0o600)


@pytest.mark.parametrize(
    "make", [os.mkfifo, os.mkdir, lambda name: Path(name).symlink_to("/dev/null")]
)
def test_what_is_not_a_file_in_the_place_of_a_lock_is_refused(
    tmp_path: Path, make: Callable[[str], None]
) -> None:
    path = new_file(tmp_path)
    make(f"{path}-lock")
    with pytest.raises(StorageUnavailable) as refused, turn_lock(path):
        pass
    assert str(refused.value) == f"cannot open {path}-lock: it is not a regular file; remove it"


@as_root
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o660, 0o644])
def test_a_restored_database_has_the_owner_and_mode_of_the_one_before(
    database: Path, backup: Path, mode: int
) -> None:
    _give(database, (SERVICE, TEAM, mode))
    with umask(0o077):
        kept = restore(database, backup, now=NOW).kept
    assert kept
    assert owned(database) == owned(kept) == (SERVICE, TEAM, mode)
    with acting_as(SERVICE):
        migrate(database)
    assert names(database.parent) == [database.name, kept.name]


@as_root
def test_a_database_restored_where_none_was_is_that_of_the_owner_of_the_folder(
    database: Path, backup: Path
) -> None:
    database.unlink()
    restore(database, backup, now=NOW)
    assert owned(database) == (SERVICE, SERVICE, 0o600)


@as_root
def test_who_cannot_keep_the_owner_is_refused_and_nothing_is_replaced(
    database: Path, backup: Path
) -> None:
    _give(database, (SERVICE, TEAM, 0o660))
    _give(database.parent, (SERVICE, TEAM, 0o770))
    _give(backup.rename(database.with_name("backup.db")), (COLLEAGUE, COLLEAGUE, 0o600))
    before = database.stat()
    with acting_as(COLLEAGUE, TEAM), pytest.raises(StorageUnavailable) as refused:
        restore(database, database.with_name("backup.db"), now=NOW)
    assert str(refused.value) == (
        f"cannot restore {database}: it belongs to {SERVICE}:{TEAM}, and this user cannot give"
        f" a new file to them; run the command as {SERVICE} or as root"
    )
    assert database.stat().st_ino == before.st_ino
    assert names(database.parent) == ["backup.db", database.name]


@as_root
def test_the_owner_restores_a_database_of_a_group_of_theirs(database: Path, backup: Path) -> None:
    _give(database, (SERVICE, TEAM, 0o660))
    _give(backup.rename(database.with_name("backup.db")), (SERVICE, SERVICE, 0o600))
    with acting_as(SERVICE, TEAM):
        restore(database, database.with_name("backup.db"), now=NOW)
    assert owned(database) == (SERVICE, TEAM, 0o660)


@as_root
def test_a_copy_that_another_user_made_beforehand_is_refused(database: Path, backup: Path) -> None:
    laid = database.with_name(f"{database.name}.restoring")
    laid.touch()
    _give(laid, (COLLEAGUE, COLLEAGUE, 0o666))
    with pytest.raises(StorageUnavailable) as refused:
        restore(database, backup, now=NOW)
    assert str(refused.value) == (
        f"cannot restore {database}: {laid} belongs to {COLLEAGUE}:{COLLEAGUE}; remove it"
    )
    assert laid.read_bytes() == b""


@as_root
def test_root_empties_no_file_that_a_copy_merely_leads_to(database: Path, backup: Path) -> None:
    secret = database.with_name("secret")
    secret.write_bytes(b"kept")
    copy = database.with_name(f"{database.name}.restoring")
    copy.hardlink_to(secret)
    with pytest.raises(StorageUnavailable) as refused:
        restore(database, backup, now=NOW)
    assert str(refused.value) == (
        f"cannot restore {database}: {copy} is another file's second name; remove it"
    )
    assert (secret.read_bytes(), owned(secret)[:2]) == (b"kept", (0, 0))


@as_root
def test_a_copy_that_a_killed_restore_has_left_is_in_nobodys_way(
    database: Path, backup: Path
) -> None:
    for end in ("", "-wal", "-shm", "-lock"):
        left = database.with_name(f"{database.name}.restoring{end}")
        left.write_bytes(b"left")
        _give(left, (SERVICE, SERVICE, 0o644))
    kept = restore(database, backup, now=NOW).kept
    assert kept
    assert names(database.parent) == [database.name, kept.name]
