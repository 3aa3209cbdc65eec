"""Whether two connection strings lead to the same tables, whatever they call the server."""

from contextlib import suppress
from typing import NamedTuple

import psycopg

from lyftr_postgres.connection.failures import as_storage_unavailable
from lyftr_postgres.connection.url import describe

__all__ = ["is_same_database"]

# Any role may read all of this. A server that is copied bit by bit has the same numbers, so the
# moment when it started tells it from its copies; as a number, since its text depends on DateStyle.
_TABLES = """SELECT d.oid, to_regclass('messages')::oid,
    (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint, pg_is_in_recovery()
    FROM pg_database d WHERE d.datname = current_database()"""
_SYSTEM = "SELECT system_identifier FROM pg_control_system()"


class _Identity(NamedTuple):
    """What tells a database from others.

    Attributes:
        tables: The database and its table of messages, by the numbers that its server gave them.
        started: When the server started.
        is_standby: Whether it follows another server.
        system: The number that a server shares with its standbys; `None` if it is not told.
    """

    tables: tuple[object, ...]
    started: object
    is_standby: bool
    system: int | None


def is_same_database(first: str, second: str) -> bool:
    """Tell whether two databases are one, or one of them is on a standby of the other's server.

    A server that was promoted is another one.

    Args:
        first: See `lyftr_postgres.connection.url.parse_database_url`.
        second: The same.

    Raises:
        StorageUnavailable: One of them cannot be reached.
    """
    one, other = _identity(first), _identity(second)
    if one.tables != other.tables:
        return False
    follows = one.is_standby or other.is_standby
    return one.started == other.started or (
        follows and one.system is not None and one.system == other.system
    )


def _identity(conninfo: str) -> _Identity:
    with (
        as_storage_unavailable(f"cannot use {describe(conninfo)}"),
        psycopg.connect(conninfo, autocommit=True, prepare_threshold=None) as connection,
    ):
        ((database, table, started, is_standby),) = connection.execute(_TABLES).fetchall()
        system = None
        with suppress(psycopg.errors.InsufficientPrivilege):
            ((system,),) = connection.execute(_SYSTEM).fetchall()
        return _Identity((database, table), started, bool(is_standby), system)
