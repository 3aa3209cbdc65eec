"""The database of a test, whichever it is, as another program uses it."""

import asyncio
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from lyftr_core.testing.samples import NOON, sample
from lyftr_postgres import PostgresStore, checking, parse_database_url
from lyftr_postgres.url import describe
from lyftr_sqlite import SqliteStore
from tests.end_to_end import stored
from tests.end_to_end.stored_postgres import assert_kept_in

__all__ = ["ON_BOTH", "Inbox", "held_up", "open_store"]

ON_BOTH = pytest.mark.parametrize("database_variables", ["sqlite", "postgresql"], indirect=True)
"""Runs a test on each kind of database."""


def open_store(folder: Path, variables: Mapping[str, str]) -> SqliteStore | PostgresStore:
    """Return what opens the database of a test.

    Args:
        folder: Where its file is, if it is one.
        variables: What the fixture `database_variables` gives.
    """
    url = variables.get("DATABASE_URL")
    return PostgresStore(url) if url else SqliteStore(f"sqlite:///{folder}/lyftr.db")


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


class Inbox:
    """The database of a test, as it is looked at behind the back of its servers.

    Args:
        folder: Where its file is, if it is one.
        variables: What the fixture `database_variables` gives.
    """

    _AT_ONCE = 5_000

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self._folder = folder
        self._variables = variables
        self._file = folder / "lyftr.db"
        self._url = variables.get("DATABASE_URL")

    @property
    def name(self) -> str:
        """What the commands call it."""
        return describe(parse_database_url(self._url)) if self._url else str(self._file)

    def fill(self, count: int) -> None:
        """Add so many messages, received at `NOON`."""

        async def fill() -> None:
            async with open_store(self._folder, self._variables) as store:
                for first in range(0, count, self._AT_ONCE):
                    numbers = range(first, min(first + self._AT_ONCE, count))
                    old = [sample(f"old {number}", text=f"number {number}") for number in numbers]
                    await asyncio.gather(*(store.writer.add(m, received_at=NOON) for m in old))

        asyncio.run(fill())

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
            assert [found for found in checking.check(self._url) if found.faults] == []
        else:
            stored.assert_nothing_wrong(self._file)
