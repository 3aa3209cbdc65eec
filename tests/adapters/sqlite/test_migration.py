"""Migrations: to the schema of this version or to a clear refusal, whole or not at all."""

import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing
from pathlib import Path
from threading import Barrier

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from lyftr_core import SchemaMismatch, StorageUnavailable
from lyftr_sqlite import Migration, migrate
from lyftr_sqlite.schema.migrate import _use_wal
from lyftr_sqlite.schema.revision import SCHEMA
from lyftr_sqlite.schema.tables import metadata

Files = Callable[[Path], list[str]]
HEAD = SCHEMA.head


@pytest.fixture(autouse=True)
def new_databases_from_a_template() -> None:
    """Here every database is migrated, not copied."""


@pytest.fixture
def short_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lyftr_sqlite.schema.migrate.BUSY_TIMEOUT", 50)


def schema(file: Path) -> dict[str, set[str]]:
    """Return the words of each table and index, all but what Alembic, FTS5 and SQLite add."""
    with closing(sqlite3.connect(file)) as connection:
        found = connection.execute(
            "SELECT name, coalesce(sql, '') FROM sqlite_master WHERE tbl_name NOT LIKE 'search%'"
            " AND tbl_name NOT IN ('alembic_version', 'sqlite_sequence')"
        )
        return {name: set(re.findall(r"\w+|[^\w\s,]", sql)) for name, sql in found}


def tables(file: Path) -> set[str]:
    with closing(sqlite3.connect(file)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}


def set_revision(file: Path, revision: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))


def test_a_new_file_is_made_with_the_schema_of_this_version(tmp_path: Path) -> None:
    file = tmp_path / "inbox.db"
    assert migrate(file) == Migration(before=None, after=HEAD)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT * FROM alembic_version").fetchall() == [(HEAD,)]
        assert connection.execute("SELECT * FROM messages").fetchall() == []
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_an_empty_file_is_a_new_database(tmp_path: Path) -> None:
    file = tmp_path / "inbox.db"
    file.touch()
    assert migrate(file) == Migration(before=None, after=HEAD)


def test_a_file_of_this_version_is_left_as_it_is(path: Path, files: Files) -> None:
    before = path.read_bytes()
    assert migrate(path) == Migration(before=HEAD, after=HEAD)
    assert path.read_bytes() == before
    assert files(path.parent) == [path.name]


_OPEN = """
import sys
from pathlib import Path
from lyftr_sqlite import migrate
migrate(Path(sys.argv[1]))
print("alembic" in sys.modules)
"""


def test_a_file_of_this_version_is_opened_without_alembic(path: Path, tmp_path: Path) -> None:
    """Alembic takes longer to load than all else that a start needs of a database."""
    for file, answer in ((path, "False\n"), (tmp_path / "new.db", "True\n")):
        command = [sys.executable, "-c", _OPEN, str(file)]
        assert subprocess.run(command, capture_output=True, check=True, text=True).stdout == answer


def test_the_migrations_make_what_the_program_uses(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        options = {
            "compare_type": True,
            "include_name": lambda name, *_: "search" not in (name or ""),
        }
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_the_migrations_make_the_very_tables_and_indexes_of_the_metadata(
    path: Path, tmp_path: Path
) -> None:
    made = tmp_path / "made.db"
    engine = create_engine(f"sqlite:///{made}")
    metadata.create_all(engine)
    engine.dispose()
    assert schema(path) == schema(made)
    assert "AUTOINCREMENT" in schema(path)["messages"]


def test_a_newer_database_is_refused_and_left_alone(path: Path, files: Files) -> None:
    set_revision(path, "9999")
    before = path.read_bytes()
    with pytest.raises(SchemaMismatch) as refused:
        migrate(path)
    assert all(word in str(refused.value) for word in ("9999", HEAD, str(path)))
    assert path.read_bytes() == before
    assert files(path.parent) == [path.name]


def test_a_newer_database_is_left_alone_in_another_journal_mode_too(path: Path) -> None:
    set_revision(path, "9999")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    before = path.read_bytes()
    with pytest.raises(SchemaMismatch):
        migrate(path)
    assert path.read_bytes() == before


def test_a_database_with_two_revisions_is_refused(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")
    with pytest.raises(SchemaMismatch):
        migrate(path)


def test_a_missing_folder_is_refused_and_not_made(tmp_path: Path, files: Files) -> None:
    with pytest.raises(StorageUnavailable, match=r"folder .*missing does not exist"):
        migrate(tmp_path / "missing" / "inbox.db")
    assert files(tmp_path) == []


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageUnavailable, match="does not exist"):
        migrate(tmp_path / "file" / "inbox.db")


def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path: Path, files: Files) -> None:
    with pytest.raises(StorageUnavailable, match="not a regular file"):
        migrate(tmp_path)
    assert files(tmp_path) == []


def test_a_name_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable, match="File name too long"):
        migrate(tmp_path / ("x" * 300))


def test_a_folder_name_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable):
        migrate(tmp_path / ("x" * 300) / "inbox.db")


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear reader, " * 500)
    with pytest.raises(StorageUnavailable, match="not a database"):
        migrate(file)
    assert file.read_text() == "Dear reader, " * 500


def test_a_file_system_without_wal_is_refused() -> None:
    # Memory stands for it: the only place without WAL that is at hand everywhere.
    with (
        closing(sqlite3.connect(":memory:")) as database,
        pytest.raises(StorageUnavailable, match="does not support WAL"),
    ):
        _use_wal(database, Path("inbox.db"))


def test_several_threads_may_migrate_several_files(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.db" for number in range(24)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(migrate, paths)) == [Migration(None, HEAD)] * 24


@pytest.mark.usefixtures("short_timeout")
def test_a_database_that_stays_locked_is_refused(path: Path, other: sqlite3.Connection) -> None:
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageUnavailable, match="locked"):
        migrate(path)
    other.execute("ROLLBACK")
    assert migrate(path).after == HEAD


@pytest.mark.usefixtures("short_timeout")
def test_a_new_file_that_stays_locked_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "inbox.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageUnavailable, match="locked"):
            migrate(file)
    assert migrate(file) == Migration(before=None, after=HEAD)


def test_a_full_disk_is_refused_until_there_is_room(
    tmp_path: Path, full_disk: Callable[[], AbstractContextManager[None]]
) -> None:
    file = tmp_path / "inbox.db"
    with full_disk(), pytest.raises(StorageUnavailable):
        migrate(file)
    assert migrate(file) == Migration(before=None, after=HEAD)


@pytest.mark.parametrize(
    "read_only_file",
    [
        "read-only folder",
        "writable folder",
    ],
    indirect=True,
)
def test_a_read_only_file_is_refused(read_only_file: Path) -> None:
    with pytest.raises(StorageUnavailable):
        migrate(read_only_file)


def test_a_write_ahead_log_that_cannot_be_made_is_refused(path: Path) -> None:
    Path(f"{path}-wal").mkdir()  # stands in its way for root too
    with pytest.raises(StorageUnavailable):
        migrate(path)


def test_an_old_sqlite_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: Files
) -> None:
    monkeypatch.setattr("lyftr_sqlite.schema.migrate.sqlite3.sqlite_version_info", (3, 34, 1))
    with pytest.raises(SchemaMismatch, match=r"SQLite 3\.35\.0 or later is needed"):
        migrate(tmp_path / "inbox.db")
    assert files(tmp_path) == []


def test_a_migration_that_fails_half_way_leaves_nothing_behind(tmp_path: Path) -> None:
    file = tmp_path / "inbox.db"
    # An index cannot have the name of a table: the last but one statement fails.
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE messages_by_sender (of_somebody_else)")
    with pytest.raises(StorageUnavailable, match="messages_by_sender"):
        migrate(file)
    assert tables(file) == {"messages_by_sender"}
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DROP TABLE messages_by_sender")
    assert migrate(file) == Migration(before=None, after=HEAD)


def test_a_new_file_that_another_process_is_about_to_write_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "inbox.db"
    with (
        closing(sqlite3.connect(file, isolation_level=None)) as connection,
        ThreadPoolExecutor(1) as pool,
    ):
        connection.execute("BEGIN IMMEDIATE")
        migration = pool.submit(migrate, file)
        with pytest.raises(TimeoutError):
            migration.result(timeout=0.2)
        connection.execute("ROLLBACK")
        assert migration.result(timeout=120) == Migration(before=None, after=HEAD)


def test_of_several_threads_one_migrates_and_the_others_wait(tmp_path: Path) -> None:
    together = Barrier(8)

    def migrate_together(file: Path) -> Migration:
        together.wait()
        return migrate(file)

    with ThreadPoolExecutor(8) as pool:
        for number in range(5):
            file = tmp_path / f"{number}.db"
            done = list(pool.map(migrate_together, [file] * 8))
            assert sorted(m.before or "none" for m in done) == ["none"] + [HEAD] * 7


_MIGRATE_WHEN_TOLD = """
import sys
from pathlib import Path
from lyftr_sqlite import migrate
print("ready", flush=True)
sys.stdin.readline()
print(migrate(Path(sys.argv[1])).before)
"""


def test_of_several_processes_one_migrates_and_the_others_wait(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _MIGRATE_WHEN_TOLD, str(tmp_path / "inbox.db")]
    with ExitStack() as stack:
        pipe = subprocess.PIPE
        children = [
            stack.enter_context(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True))
            for _ in range(4)
        ]
        for child in children:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
        for child in children:
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
        answers = sorted(child.communicate(timeout=200)[0].strip() for child in children)
    assert answers == ["None"] + [HEAD] * 3


@pytest.mark.parametrize(
    ("abilities", "words"),
    [
        ("SELECT 0, lower(?)", "SQLite with FTS5 is needed"),
        ("SELECT 1, lower(?) || '\u00e9'", "SQLite without ICU is needed"),
    ],
)
def test_an_sqlite_without_what_is_needed_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, abilities: str, words: str
) -> None:
    monkeypatch.setattr("lyftr_sqlite.schema.migrate._ABILITIES", abilities)
    with pytest.raises(SchemaMismatch, match=words):
        migrate(tmp_path / "inbox.db")
    assert list(tmp_path.iterdir()) == []


def test_what_is_asked_of_this_sqlite_is_true_of_it() -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE VIRTUAL TABLE s USING fts5(t, tokenize='trigram')")
        assert database.execute("SELECT lower('\u00c9A')").fetchone() == ("\u00c9a",)
