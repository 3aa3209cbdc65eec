"""A database in PostgreSQL."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NoReturn

from lyftr_core import MessageReader, StorageError
from lyftr_core.database import Commit, Database, Finding, Importer, Progress
from lyftr_postgres.connection.identity import is_same_database
from lyftr_postgres.maintenance.check import check
from lyftr_postgres.maintenance.importer import open_importer
from lyftr_postgres.maintenance.log_copy import open_log_source, open_log_target
from lyftr_postgres.maintenance.rebuild import rebuild
from lyftr_postgres.schema.migrate import Migration, migrate, prepare
from lyftr_postgres.store import PostgresStore
from lyftr_sql.log_rows import LogSource, LogTarget, Opening

__all__ = ["PostgresDatabase"]


class PostgresDatabase:
    """A `Database` in PostgreSQL; see `lyftr_core.database`.

    Args:
        database_url: As libpq takes it.
        read_url: The same of a replica.
        pool_size: How many connections read.
        on_commit: Told after each commit.
        on_news: Told when another process may have added messages.

    Raises:
        ValueError: libpq does not take the URL.
    """

    clears_all = False

    def __init__(
        self,
        database_url: str,
        *,
        read_url: str | None,
        pool_size: int,
        on_commit: Callable[[Commit], None],
        on_news: Callable[[], None],
    ) -> None:
        self.store: PostgresStore = PostgresStore(
            database_url,
            read_url=read_url,
            pool_size=pool_size,
            on_commit=on_commit,
            on_news=on_news,
        )
        self.listing_reader: MessageReader = self.store.replica
        self._conninfo = self.store.conninfo
        self.migrate: Callable[[], Migration] = partial(migrate, self._conninfo)
        self.check: Callable[[], Iterator[Finding]] = partial(check, self._conninfo)
        self.rebuild: Callable[[Progress], int] = partial(rebuild, self._conninfo)
        self.open_importer: Opening[Importer] = partial(open_importer, self._conninfo)
        self.open_log_source: Opening[LogSource] = partial(open_log_source, self._conninfo)
        self.open_log_target: Opening[LogTarget] = partial(open_log_target, self._conninfo)

    def prepare(self) -> tuple[str, ...]:
        """Make the tables in an empty database, and see that those of any other fit."""
        prepare(self._conninfo)
        return ()

    def back_up(self, target: Path, *, checked: bool, progress: Progress) -> NoReturn:  # noqa: ARG002 - it refuses whatever it is asked
        """Refuse: PostgreSQL brings its own way."""
        _refuse("backup", "pg_dump or pg_basebackup")

    def restore(self, backup: Path, *, now: datetime, progress: Progress) -> NoReturn:  # noqa: ARG002 - as above
        """Refuse: PostgreSQL brings its own way."""
        _refuse("restore", "pg_restore, then lyftr migrate")

    def owns(self, file: Path) -> bool:  # noqa: ARG002 - whichever it is
        """Return False: the files are the server's."""
        return False

    def require_free(self, target: Path) -> None:
        """Accept every file, as above."""

    def is_same(self, other: Database) -> bool:
        """Tell whether another URL leads to the same tables, or to a replica of them."""
        return isinstance(other, PostgresDatabase) and is_same_database(
            self._conninfo, other.store.conninfo
        )


def _refuse(command: str, instead: str) -> NoReturn:
    raise StorageError(f"lyftr {command} works on SQLite; for PostgreSQL use {instead}")
