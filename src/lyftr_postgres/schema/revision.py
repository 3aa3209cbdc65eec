"""Which schema a database has, and whether this version of the program knows it."""

from typing import Any

from psycopg import Connection

from lyftr_core.errors import SchemaMismatch
from lyftr_sql.migrating import Schema

__all__ = ["MINIMUM_SERVER", "SCHEMA", "find_revision", "require_server"]

SCHEMA: Schema = Schema(scripts="lyftr_postgres:migrations", revisions=("v1",))

MINIMUM_SERVER = 13
"""The first PostgreSQL that numbers transactions with 64 bits, and lets an owner add pg_trgm."""
_HAS_REVISION = "SELECT to_regclass('alembic_version') IS NOT NULL"
_SERVER = """SELECT current_setting('server_version_num')::int / 10000,
    current_setting('server_encoding'), current_schema(), current_setting('search_path')"""


def require_server(connection: Connection, name: str) -> None:
    """See that the server has what is needed.

    Args:
        connection: To the database.
        name: What to call it.

    Raises:
        SchemaMismatch: It is too old, the database does not hold UTF-8, or no schema is selected.
    """
    version, encoding, schema, search_path = _one(connection, _SERVER)
    if int(version) < MINIMUM_SERVER:
        raise SchemaMismatch(f"PostgreSQL {MINIMUM_SERVER} or later is needed, not {version}")
    if encoding != "UTF8":
        raise SchemaMismatch(
            f"{name} has the encoding {encoding}, and lyftr needs UTF8:"
            " make a database with createdb --encoding=UTF8 --template=template0"
        )
    if schema is None:
        raise SchemaMismatch(
            f"{name} has search_path {search_path or 'empty'}: no schema in it exists and is usable"
            " by this role; create one, or set another search_path for the role or database"
        )


def find_revision(connection: Connection, name: str) -> str | None:
    """Return the schema revision of a database, `None` for a new one.

    Args:
        connection: To the database.
        name: What to call it.

    Raises:
        SchemaMismatch: No migration leads from it to this version.
    """
    if not _one(connection, _HAS_REVISION)[0]:
        return None
    return SCHEMA.find(connection.execute("SELECT version_num FROM alembic_version"), name)


def _one(connection: Connection, query: str) -> tuple[Any, ...]:
    (row,) = connection.execute(query).fetchall()
    return row
