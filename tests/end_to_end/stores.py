"""The database of a test, whichever it is, as another program uses it."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from lyftr_postgres import PostgresStore
from lyftr_sqlite import SqliteStore

__all__ = ["ON_BOTH", "held_up", "open_store"]

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
