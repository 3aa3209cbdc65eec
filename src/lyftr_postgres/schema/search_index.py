"""The index of pg_trgm over the texts: made where the extension is to be had, else done without.

What is inserted waits in a list of the index, which PostgreSQL puts in its place in bulk. Whoever
makes that list too long does so at once, and its webhooks wait for it; so it may become long, and
the follower empties it long before (https://www.postgresql.org/docs/current/gin.html, "GIN Fast
Update Technique").
"""

import contextlib
from typing import Any

import psycopg
from psycopg import AsyncConnection, Connection, sql

from lyftr_postgres.connection.settings import in_transaction
from lyftr_postgres.schema.tables import SEARCH_INDEX

__all__ = ["PENDING_LIMIT", "empty_pending_list", "make_search_index"]

PENDING_LIMIT = 32_768
"""From how many KiB on a writer empties the list itself; some 4,000 short texts take 7,000."""
# That is for the owner of the index to do; for other users of the database autovacuum does it.
_EMPTY = """SELECT gin_clean_pending_list(oid) FROM pg_class
    WHERE oid = to_regclass(%s) AND pg_has_role(relowner, 'USAGE')"""
_IS_VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)"
_SCHEMA = """SELECT nspname FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
    WHERE extname = 'pg_trgm'"""
_NAME = sql.Identifier(SEARCH_INDEX)


def make_search_index(connection: Connection, *, concurrently: bool) -> bool:
    """Make the search index if it is not there.

    Args:
        connection: To the database.
        concurrently: So that webhooks go on meanwhile; then the connection must be in autocommit
            mode, and nobody else may be about it.

    Returns:
        Whether it is there now.
    """
    found = connection.execute(_IS_VALID, [SEARCH_INDEX]).fetchone()
    if found and found[0]:
        return True
    schema = _find_extension(connection)
    if schema is None:
        return False
    how = sql.SQL("CONCURRENTLY" if concurrently else "")
    if found:  # making it was interrupted
        connection.execute(sql.SQL("DROP INDEX {} {}").format(how, _NAME))
    operators = sql.Identifier(schema, "gin_trgm_ops")
    on = sql.SQL("ON messages USING gin (coalesce(folded, lower(text)) {})").format(operators)
    options = sql.SQL("WITH (gin_pending_list_limit = {})").format(PENDING_LIMIT)
    connection.execute(sql.SQL("CREATE INDEX {} {} {} {}").format(how, _NAME, on, options))
    return True


async def empty_pending_list(connection: AsyncConnection[Any]) -> None:
    """Put what waits in the list of the index in its place, if there is an index.

    Args:
        connection: In autocommit mode. No webhook waits meanwhile.
    """
    async with in_transaction(connection):
        await connection.execute(_EMPTY, [SEARCH_INDEX])


def _find_extension(connection: Connection) -> str | None:
    """Return the schema of pg_trgm, which is added if that is possible and allowed."""
    # That it is not there, or not for this user to add, is an answer.
    with (
        contextlib.suppress(
            psycopg.errors.FeatureNotSupported,
            psycopg.errors.InsufficientPrivilege,
            psycopg.errors.UndefinedFile,
        ),
        connection.transaction(),  # so that a refusal spoils nothing else
    ):
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    found = connection.execute(_SCHEMA).fetchone()
    return str(found[0]) if found else None
