"""A database of either kind, and what may be done to it."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from lyftr_core import SchemaMismatch
from lyftr_core.testing.strategies.samples import sample
from lyftr_postgres.database import PostgresDatabase
from lyftr_sqlite.database import SqliteDatabase
from tests.support.databases import KINDS, NewUrl, add, query
from tests.support.later_version import SCHEMAS, write_later_version

__all__ = [
    "ACTIONS",
    "MESSAGES",
    "READING",
    "database_at",
    "everything",
    "head",
    "kind",
    "old",
    "refuse",
    "scripts",
]

_TEXTS = (None, "", "plain", "stra\u00dfe \u0130", "\U0001f600 %_\\")
MESSAGES = [sample(f"m{number}", text=text) for number, text in enumerate(_TEXTS)]
_TABLES = ("alembic_version", "messages", "conflicts", "totals", "counts_by_sender")


AnyDatabase = PostgresDatabase | SqliteDatabase


def database_at(url: str) -> AnyDatabase:
    if url.startswith("sqlite"):
        return SqliteDatabase(
            url,
            on_commit=lambda _commit: None,
            on_lock_wait=lambda _lock, _seconds: None,
            on_log_size=lambda _size: None,
        )
    return PostgresDatabase(
        url,
        read_url=None,
        pool_size=1,
        on_commit=lambda _commit: None,
        on_news=lambda: None,
    )


def everything(url: str) -> list[list[tuple[object, ...]]]:
    """Return all rows, with all columns that they have."""
    return [query(url, f"SELECT * FROM {table} ORDER BY 1") for table in _TABLES]  # noqa: S608 - ours


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def head(kind: str) -> str:
    """The last revision of this version."""
    return SCHEMAS[kind].head


@pytest.fixture
def old(kind: str, head: str, new_url: NewUrl) -> str:
    """A database of this version, with messages and a conflict."""
    add(url := new_url(kind), *MESSAGES, sample("m2", text="other"))
    assert query(url, "SELECT version_num FROM alembic_version") == [(head,)]
    return url


@pytest.fixture
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_later_version(tmp_path_factory.mktemp("later") / "version")


def open_to_read(database: AnyDatabase) -> None:
    async def read() -> None:
        async with database.store.reading():
            pass

    asyncio.run(read())


def enter(context: AbstractContextManager[object]) -> None:
    with context:
        pass


def refuse(action: Callable[[AnyDatabase], object], url: str, told: str) -> None:
    """See that an action is refused in one line."""
    with pytest.raises(SchemaMismatch) as refused:
        action(database_at(url))
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


READING: dict[str, Callable[[AnyDatabase], object]] = {
    "store": open_to_read,
    "check": lambda database: list(database.check()),
    "log": lambda database: enter(database.open_log_source()),
}


ACTIONS: dict[str, Callable[[AnyDatabase], object]] = {
    **READING,
    "migrate": lambda database: database.migrate(),
    "prepare": lambda database: database.prepare(),
    "rebuild": lambda database: database.rebuild(lambda _done, _all: None),
    "importer": lambda database: enter(database.open_importer()),
    "target": lambda database: enter(database.open_log_target()),
}
