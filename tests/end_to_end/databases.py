"""What a database of either kind holds, as SQL sees it, and a store over it."""

import sqlite3
from contextlib import closing
from typing import Any

import psycopg

from lyftr_postgres import PostgresStore
from lyftr_sqlite import SqliteStore

__all__ = ["execute", "held", "query", "store_at"]

_ROWS = """SELECT seq, message_id, sender, recipient, ts, text, received_at, folded, content_hash
    FROM messages ORDER BY seq"""
_CONFLICTS = "SELECT * FROM conflicts ORDER BY message_id, fields"


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
    """Change a database behind the back of everybody."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file, file:
            file.execute(statement)
    else:
        with psycopg.connect(url) as connection:
            connection.execute(statement.encode())


def held(url: str) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Return every row of the log, and every conflict."""
    return query(url, _ROWS), query(url, _CONFLICTS)
