"""The ports of `lyftr_core` over one SQLite file, through SQLAlchemy and aiosqlite.

`SqliteStore` is the whole of it: open it, use its `writer`, `reader`, `remover` and `probe`, close
it.
"""

from lyftr_core.extras import require_extra

require_extra("lyftr_sqlite", "server", "sqlalchemy", "greenlet", "aiosqlite", "alembic")

from lyftr_core.database import Commit, Finding
from lyftr_sqlite.connection.url import parse_database_url
from lyftr_sqlite.maintenance.check import check
from lyftr_sqlite.maintenance.rebuild import rebuild
from lyftr_sqlite.maintenance.remover import SqliteMessageRemover
from lyftr_sqlite.reading.reader import SqliteMessageReader
from lyftr_sqlite.schema.migrate import Migration, migrate
from lyftr_sqlite.store import SqliteStore
from lyftr_sqlite.writer import SqliteMessageWriter

__all__ = [
    "Commit",
    "Finding",
    "Migration",
    "SqliteMessageReader",
    "SqliteMessageRemover",
    "SqliteMessageWriter",
    "SqliteStore",
    "check",
    "migrate",
    "parse_database_url",
    "rebuild",
]
