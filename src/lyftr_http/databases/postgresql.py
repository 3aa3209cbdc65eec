"""A database in PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from lyftr_core import MessageReader, StorageError
from lyftr_core.log_copy import LogSource, LogTarget
from lyftr_http.databases.database import Database, Finding, Importer, Progress
from lyftr_http.settings import InvalidSettings, Settings
from lyftr_postgres import Commit, Migration, PostgresStore, migrate, prepare
from lyftr_postgres.checking import check
from lyftr_postgres.identity import is_same_database
from lyftr_postgres.importing import open_importer
from lyftr_postgres.log_copy import open_log_source, open_log_target
from lyftr_postgres.rebuilding import rebuild
from lyftr_postgres.url import parse_read_url

__all__ = ["PostgresDatabase"]


class PostgresDatabase:
    """A `Database` in PostgreSQL; see `lyftr_http.databases.database`.

    Args:
        settings: How to reach it, and its replica.
        on_commit: Told after each commit.
        on_news: Told when another process may have added messages.

    Raises:
        ValueError: libpq does not take the URL.
        InvalidSettings: Nor that of the replica.
    """

    clears_all = False

    def __init__(
        self,
        settings: Settings,
        on_commit: Callable[[Commit], None],
        on_news: Callable[[], None],
    ) -> None:
        self.store: PostgresStore = PostgresStore(
            settings.database_url,
            read_url=_read_url(settings),
            pool_size=settings.database_pool_size,
            on_commit=on_commit,
            on_news=on_news,
        )
        self.listing_reader: MessageReader = self.store.replica
        self._conninfo = self.store.conninfo

    def prepare(self) -> tuple[str, ...]:
        """Make the tables in an empty database, and see that those of any other fit."""
        prepare(self._conninfo)
        return ()

    def migrate(self) -> Migration:
        """Bring it to the schema of this version."""
        return migrate(self._conninfo)

    def check(self) -> Iterator[Finding]:
        """Look for anything wrong."""
        return check(self._conninfo)

    def rebuild(self, progress: Progress) -> int:
        """Make the counts and the search index anew."""
        return rebuild(self._conninfo, progress)

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

    def open_importer(self) -> AbstractContextManager[Importer]:
        """Open it to take in messages from elsewhere."""
        return open_importer(self._conninfo)

    def open_log_source(self) -> AbstractContextManager[LogSource]:
        """Open it to copy from."""
        return open_log_source(self._conninfo)

    def open_log_target(self) -> AbstractContextManager[LogTarget]:
        """Open it to copy to."""
        return open_log_target(self._conninfo)


def _read_url(settings: Settings) -> str | None:
    if settings.database_read_url is None:
        return None
    try:
        parse_read_url(settings.database_read_url.value)
    except ValueError as exc:
        raise InvalidSettings(f"DATABASE_READ_URL {exc}") from None
    return settings.database_read_url.value


def _refuse(command: str, instead: str) -> NoReturn:
    raise StorageError(f"lyftr {command} works on SQLite; for PostgreSQL use {instead}")
