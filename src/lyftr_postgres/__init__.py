"""The ports over PostgreSQL, for as many processes and machines as there are.

`PostgresStore` is one database with everything that works on it.
"""

from lyftr_core.extras import require_extra

require_extra("lyftr_postgres", "postgres", "sqlalchemy", "greenlet", "psycopg", "alembic")

from lyftr_core.database import Commit
from lyftr_postgres.connection.url import parse_database_url
from lyftr_postgres.maintenance.remover import PostgresMessageRemover
from lyftr_postgres.reading.reader import PostgresMessageReader
from lyftr_postgres.schema.migrate import Migration, migrate, prepare
from lyftr_postgres.store import PostgresReadinessProbe, PostgresStore
from lyftr_postgres.writer import PostgresMessageWriter

__all__ = [
    "Commit",
    "Migration",
    "PostgresMessageReader",
    "PostgresMessageRemover",
    "PostgresMessageWriter",
    "PostgresReadinessProbe",
    "PostgresStore",
    "migrate",
    "parse_database_url",
    "prepare",
]
