"""The messages of `bench.dataset` in PostgreSQL, copied in the form that the adapter writes."""

import psycopg

from bench.dataset import messages
from lyftr_postgres import migrate
from lyftr_postgres.connection.log_order import raise_log_base
from lyftr_postgres.schema.search_index import make_search_index
from lyftr_postgres.schema.tables import SEARCH_INDEX
from lyftr_sql.rows import Row, to_row

__all__ = ["count_folded", "fill"]

_COPY = f"COPY messages (seq, {', '.join(Row._fields)}) FROM STDIN"


def fill(conninfo: str, count: int) -> None:
    """Make the tables and copy the messages in; the first server that opens them counts them.

    Args:
        conninfo: Of an empty database.
        count: How many messages.
    """
    migrate(conninfo)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        # Made in one go it takes a fraction of the time, and nothing waits to be put into it.
        connection.execute(f"DROP INDEX IF EXISTS {SEARCH_INDEX}")
        with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
            for seq, message in enumerate(messages(count), start=1):
                copy.write_row((seq, *to_row(message, message.ts)))
        make_search_index(connection, concurrently=False)
        with connection.transaction():
            raise_log_base(connection)
        connection.execute("VACUUM ANALYZE messages")


def count_folded(conninfo: str) -> int:
    """Return how many messages the counts hold."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        found = connection.execute("SELECT value FROM totals WHERE name = 'messages'").fetchone()
        return int(found[0]) if found else 0
