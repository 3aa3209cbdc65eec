"""What a database of either kind holds, as SQL sees it, and a store over it."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lyftr_core import AddOutcome, Message
from lyftr_core.testing.strategies.samples import NOON
from lyftr_postgres import PostgresStore
from lyftr_sqlite import SqliteStore
from tests.support.postgresql.database_server import DatabaseServer

__all__ = [
    "KINDS",
    "NewUrl",
    "add",
    "count",
    "execute",
    "held",
    "names",
    "new_url",
    "query",
    "rows",
    "store_at",
]

KINDS = ("sqlite", "postgresql")
NewUrl = Callable[[str], str]

_ROWS = """SELECT seq, message_id, sender, recipient, ts, text, received_at, folded, content_hash
    FROM messages ORDER BY seq"""
_CONFLICTS = "SELECT * FROM conflicts ORDER BY message_id, fields"


@pytest.fixture
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewUrl]:
    """Give the URL of a new database of some kind."""
    made: list[tuple[DatabaseServer, str]] = []

    def make(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path}/{len(list(tmp_path.iterdir()))}-{time.monotonic_ns()}.db"
        server: DatabaseServer = request.getfixturevalue("postgres_server")
        made.append((server, server.create_database()))
        return server.url(made[-1][1])

    yield make
    for server, name in made:
        server.drop_database(name)


def store_at(url: str) -> PostgresStore | SqliteStore:
    """Return the store over a database."""
    return SqliteStore(url) if url.startswith("sqlite") else PostgresStore(url)


def query(url: str, statement: str) -> list[tuple[Any, ...]]:
    """Ask a database."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file:
            return list(file.execute(statement))
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode()).fetchall()


def execute(url: str, statement: str) -> None:
    """Run a statement directly in the database."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file, file:
            file.execute(statement)
    else:
        with psycopg.connect(url) as connection:
            connection.execute(statement.encode())


def held(url: str) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Return every row of the log, and every conflict."""
    return query(url, _ROWS), query(url, _CONFLICTS)


def count(url: str) -> int:
    """Return how many rows the log of a database has, 0 while it has no table."""
    if url.startswith("sqlite") and not Path(url.removeprefix("sqlite:///")).exists():
        return 0
    try:
        ((found,),) = query(url, "SELECT count(*) FROM messages")
    except (sqlite3.OperationalError, psycopg.errors.UndefinedTable):
        return 0
    return int(found)


def names(path: Path) -> set[str]:
    """Return the identifiers of the messages in a file."""
    return {row[1] for row in rows(path)}


def rows(path: Path) -> list[tuple[Any, ...]]:
    """Return the messages of a file as they are stored, in the order of the log."""
    return query(f"sqlite:///{path}", "SELECT * FROM messages ORDER BY seq")


def add(url: str, *messages: Message) -> list[AddOutcome]:
    """Deliver messages one after another, received at `NOON`."""

    async def deliver() -> list[AddOutcome]:
        async with store_at(url) as store:
            return [await store.writer.add(message, received_at=NOON) for message in messages]

    return asyncio.run(deliver())
