"""The database of a test, whichever it is, as another program uses it."""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path

import psycopg
import pytest

from lyftr_core import Message
from lyftr_core.message import Record
from lyftr_core.testing.strategies.samples import NOON, sample
from lyftr_postgres import PostgresStore, parse_database_url
from lyftr_postgres.connection.url import describe
from lyftr_postgres.maintenance import check
from lyftr_postgres.maintenance.importer import open_importer as postgres_importer
from lyftr_sqlite import SqliteStore
from lyftr_sqlite.maintenance.importer import open_importer as sqlite_importer
from tests.support import databases, stored
from tests.support.stored_postgres import assert_kept_in

__all__ = ["ON_BOTH", "Inbox", "held_up", "open_store", "put_records"]

_AT_ONCE = 1_000
ON_BOTH = pytest.mark.parametrize("database_variables", ["sqlite", "postgresql"], indirect=True)
"""Runs a test on each kind of database."""


def open_store(folder: Path, variables: Mapping[str, str]) -> SqliteStore | PostgresStore:
    """Return what opens the database of a test.

    Args:
        folder: Where its file is, if it is one.
        variables: What the fixture `database_variables` gives.
    """
    url = variables.get("DATABASE_URL")
    return databases.store_at(url or f"sqlite:///{folder}/lyftr.db")


@contextmanager
def held_up(folder: Path, variables: Mapping[str, str]) -> Iterator[None]:
    """Keep every commit of messages waiting, for as long as a block runs."""
    url = variables.get("DATABASE_URL")
    if url:
        with psycopg.connect(url) as other:
            other.execute("LOCK TABLE messages IN EXCLUSIVE MODE")
            yield
            other.rollback()
        return
    with closing(sqlite3.connect(folder / "lyftr.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def put_records(database: str | Path, records: Iterable[Record]) -> None:
    """Put messages into a database as an import does: fast, and each at the place it names.

    Args:
        database: A file of SQLite, or the URL of a PostgreSQL. Its tables are made if it has none.
        records: Received at `NOON` where they do not say when.
    """
    rest = iter(records)
    with (
        sqlite_importer(database) if isinstance(database, Path) else postgres_importer(database)
    ) as importer:
        while batch := list(islice(rest, _AT_ONCE)):
            importer.add(batch, received_at=NOON)
        importer.finish()


class Inbox:
    """The database of a test, read directly, not through a server.

    Args:
        folder: Where its file is, if it is one.
        variables: What the fixture `database_variables` gives.
    """

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self._file = folder / "lyftr.db"
        self._url = variables.get("DATABASE_URL")

    @property
    def name(self) -> str:
        """What the commands call it."""
        return describe(parse_database_url(self._url)) if self._url else str(self._file)

    def fill(self, count: int) -> None:
        """Add so many messages, received at `NOON`."""
        old = (sample(f"old {number}", text=f"number {number}") for number in range(count))
        put_records(self._url or self._file, (Record(message=message) for message in old))

    def add(self, *messages: Message) -> None:
        """Deliver messages one after another, received at `NOON`."""
        databases.add(self._url or f"sqlite:///{self._file}", *messages)

    def present(self) -> int:
        """Return how many messages are there, those that were removed not counted."""
        query = "SELECT count(*) FROM messages WHERE content_hash IS NULL"
        if self._url:
            with psycopg.connect(self._url) as database:
                return int(database.execute(query).fetchall()[0][0])
        with closing(sqlite3.connect(self._file)) as file:
            return int(file.execute(query).fetchone()[0])

    def assert_kept(self, acknowledged: Collection[str]) -> None:
        """Every acknowledged message is stored, whole; no row is there twice."""
        if self._url:
            assert_kept_in(self._url, acknowledged)
        else:
            stored.assert_kept(self._file, acknowledged)

    def assert_nothing_wrong(self) -> None:
        """`lyftr check` finds nothing."""
        if self._url:
            assert [found for found in check.check(self._url) if found.faults] == []
        else:
            stored.assert_nothing_wrong(self._file)
