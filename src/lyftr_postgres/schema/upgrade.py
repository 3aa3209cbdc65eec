"""Running the migrations that a database lacks. Only `lyftr_postgres.schema.migrate` needs this."""

import threading
from collections.abc import Callable
from typing import NamedTuple, cast

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from lyftr_postgres.connection.durability import MIGRATING
from lyftr_postgres.connection.log_order import raise_log_base
from lyftr_postgres.connection.settings import LOCALLY
from lyftr_postgres.schema.revision import find_revision
from lyftr_postgres.schema.search_index import make_search_index
from lyftr_postgres.schema.tables import HEAD

__all__ = ["Upgrade", "upgrade"]

_ALEMBIC = threading.Lock()
"""Alembic keeps what it runs in globals: one migration at a time in a process."""


class Upgrade(NamedTuple):
    """What was done.

    Attributes:
        before: The revision that was found, perhaps this very one where another was faster.
        raised_log_base: Whether the log was ahead of the server.
    """

    before: str | None
    raised_log_base: bool


def upgrade(connect: Callable[[], psycopg.Connection], name: str) -> Upgrade:
    """Bring a database to the schema of this version, in one transaction.

    Args:
        connect: Opens a connection, in autocommit mode.
        name: What to call the database.
    """
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: _in_transactions(connect()),
        poolclass=NullPool,
        hide_parameters=True,
        use_native_hstore=False,
    )
    with engine.begin() as connection:
        database = cast("psycopg.Connection", connection.connection.driver_connection)
        database.execute(LOCALLY)
        # Of the transaction, so that it is given up whatever happens, through a pool too.
        database.execute("SELECT pg_advisory_xact_lock(%s)", [MIGRATING])
        before = find_revision(database, name)
        if before != HEAD:
            config = Config()
            config.set_main_option("script_location", "lyftr_postgres:migrations")
            config.attributes["connection"] = connection
            with _ALEMBIC:
                command.upgrade(config, HEAD)
        if before is None:
            make_search_index(database, concurrently=False)  # nobody uses the table yet
        return Upgrade(before, raised_log_base=raise_log_base(database))


def _in_transactions(connection: psycopg.Connection) -> psycopg.Connection:
    connection.autocommit = False
    return connection
