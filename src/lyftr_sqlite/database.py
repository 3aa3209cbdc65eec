"""A database in one SQLite file."""

import shlex
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

from lyftr_core import MessageReader, StorageError
from lyftr_core.database import Commit, Database, Finding, Importer, Progress, Restored
from lyftr_sql.log_rows import LogSource, LogTarget, Opening
from lyftr_sqlite.connection.companions import owns, require_free
from lyftr_sqlite.connection.ownership import is_open_to_all
from lyftr_sqlite.maintenance.backup import back_up
from lyftr_sqlite.maintenance.check import check
from lyftr_sqlite.maintenance.importer import open_importer
from lyftr_sqlite.maintenance.log_copy import open_log_source, open_log_target
from lyftr_sqlite.maintenance.rebuild import rebuild
from lyftr_sqlite.maintenance.restore import restore
from lyftr_sqlite.schema.migrate import Migration, migrate
from lyftr_sqlite.store import SqliteStore

__all__ = ["SqliteDatabase"]

_OPEN_TO_ALL = (
    "every user of this machine can open {0}: they can read the messages, or lock the file so that"
    " webhooks are refused. Stop lyftr, then run: chmod o= {1}*"
)


class SqliteDatabase:
    """A `Database` in one SQLite file; see `lyftr_core.database`.

    Args:
        database_url: `sqlite:///FILE`.
        on_commit: Told after each commit.
        on_lock_wait: Told how many seconds this process has waited for a lock beside the file.
        on_log_size: Told how many bytes the write-ahead log has.

    Raises:
        ValueError: The URL names no file.
    """

    clears_all = True

    def __init__(
        self,
        database_url: str,
        *,
        on_commit: Callable[[Commit], None],
        on_lock_wait: Callable[[str, float], None],
        on_log_size: Callable[[int], None],
    ) -> None:
        self.store: SqliteStore = SqliteStore(
            database_url,
            on_commit=on_commit,
            on_lock_wait=on_lock_wait,
            on_log_size=on_log_size,
        )
        self.listing_reader: MessageReader = self.store.reader
        self._path = self.store.path
        self.migrate: Callable[[], Migration] = partial(migrate, self._path)
        self.check: Callable[[], Iterator[Finding]] = partial(check, self._path)
        self.rebuild: Callable[[Progress], int] = partial(rebuild, self._path)
        self.open_importer: Opening[Importer] = partial(open_importer, self._path)
        self.open_log_source: Opening[LogSource] = partial(open_log_source, self._path)
        self.open_log_target: Opening[LogTarget] = partial(open_log_target, self._path)

    def prepare(self) -> tuple[str, ...]:
        """Bring the file to the schema of this version; warn where every user can open it."""
        self.migrate()
        return (_open_to_all(self._path),) if is_open_to_all(self._path) else ()

    def back_up(self, target: Path, *, checked: bool, progress: Progress) -> None:
        """Copy the file, as of one moment."""
        back_up(self._path, target, checked=checked, progress=progress)

    def restore(self, backup: Path, *, now: datetime, progress: Progress) -> Restored:
        """Put a backup in its place."""
        if self.owns(backup):
            raise StorageError(
                f"{backup} is the database {self._path} or one of its files, not a backup of it"
            )
        return restore(self._path, backup, now=now, progress=progress)

    def owns(self, file: Path) -> bool:
        """Tell whether a file is the database, or one that SQLite or lyftr keeps beside it."""
        return owns(self._path, file)

    def require_free(self, target: Path) -> None:
        """See that a command may write a file."""
        require_free(self._path, target)

    def is_same(self, other: Database) -> bool:
        """Tell whether another is this file or one that belongs to it, or the other way round."""
        if not isinstance(other, SqliteDatabase):
            return False
        return self.owns(other.store.path) or other.owns(self._path)


def _open_to_all(path: Path) -> str:
    return _OPEN_TO_ALL.format(path, shlex.quote(str(path)))
