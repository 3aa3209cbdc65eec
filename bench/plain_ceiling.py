"""The plain ceiling: the same as the ceiling over a plain table that nothing follows.

The table has no index but that of the identifier. What the product's own table and projections
cost the way of a webhook is the distance between the two.
"""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateTable

from bench.bare import serve
from lyftr_core import MessageWriter
from lyftr_sqlite.connection.engines import create_writing_engine
from lyftr_sqlite.connection.writing import WritingConnection
from lyftr_sqlite.schema.tables import messages
from lyftr_sqlite.writer import SqliteMessageWriter

__all__ = ["open_writer"]

_WAL = "PRAGMA journal_mode=WAL"
# What the writer updates to find out whether it can commit again.
_REVISION = "CREATE TABLE IF NOT EXISTS alembic_version (version_num TEXT NOT NULL)"


@asynccontextmanager
async def open_writer(database: Path) -> AsyncIterator[MessageWriter]:
    """Make the plain table, and give the product's writer over it."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(_WAL)
        connection.execute(_REVISION)
        # The product's columns; SQLAlchemy makes indexes by statements of their own.
        create = CreateTable(messages, if_not_exists=True)
        connection.execute(str(create.compile(dialect=sqlite.dialect())))
    engine = create_writing_engine(database)
    writer = SqliteMessageWriter(WritingConnection(engine, database))
    await writer.open()
    try:
        yield writer
    finally:
        await writer.close()
        await engine.dispose()


if __name__ == "__main__":
    serve(open_writer)
