"""New SQLite databases from a template: migrating each would take most of the time of a test."""

import sqlite3
import threading
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from lyftr_sqlite.schema import migrate
from lyftr_sqlite.schema.revision import find_revision

__all__ = ["new_databases_from_a_template"]

_COPYING = threading.Lock()
_migrate_really = migrate._upgrade
_PAGE = 4096
"""The size of a file that is a database and has nothing in it yet, in bytes."""


@cache
def _template() -> sqlite3.Connection:
    memory = sqlite3.connect(":memory:", check_same_thread=False)
    with TemporaryDirectory() as folder:
        file = Path(folder, "template.db")
        with closing(sqlite3.connect(file)) as database:
            database.execute("PRAGMA journal_mode=WAL")
            _migrate_really(file)
            database.backup(memory)
    return memory


def _upgrade(path: Path) -> str | None:
    if path.stat().st_size <= _PAGE:
        # One thread at a time: another may find the same file empty.
        with _COPYING, closing(sqlite3.connect(path)) as database:
            if find_revision(database, path) is None:
                database.execute("PRAGMA synchronous=OFF")
                _template().backup(database)
                return None
    return _migrate_really(path)


@pytest.fixture(autouse=True)
def new_databases_from_a_template(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies what the migrations make; tests of these override it."""
    monkeypatch.setattr(migrate, "_upgrade", _upgrade)
