"""Which database a URL means. Its adapter is loaded here, and only the one that is used."""

from collections.abc import Callable

from lyftr_http.databases.database import Commit, Database
from lyftr_http.settings import InvalidSettings, Settings

__all__ = ["choose_database"]

_SQLITE = ("sqlite", "sqlite+aiosqlite")
_POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")
_TAKEN = (
    "must be sqlite:///FILE (relative), sqlite:////FILE (absolute)"
    " or postgresql://USER:PASSWORD@HOST:PORT/NAME"
)


def choose_database(
    settings: Settings,
    on_commit: Callable[[Commit], None],
    on_news: Callable[[], None],
    *,
    on_lock_wait: Callable[[str, float], None] = lambda _lock, _seconds: None,
    on_log_size: Callable[[int], None] = lambda _size: None,
) -> Database:
    """Return the database that is configured; nothing is opened.

    Args:
        settings: The configuration.
        on_commit: Told after each commit of this process.
        on_news: Told when another process may have added messages.
        on_lock_wait: Told how many seconds this process has waited for a lock beside a SQLite file.
        on_log_size: Told how many bytes the write-ahead log of SQLite has.

    Raises:
        ValueError: The URL means none that is known.
        InvalidSettings: What it means is not installed, or other variables do not go with it.
    """
    scheme, separator, _ = settings.database_url.partition("://")
    if separator and scheme in _SQLITE:
        from lyftr_http.databases.sqlite import SqliteDatabase  # noqa: PLC0415 - as above

        return SqliteDatabase(settings, on_commit, on_lock_wait, on_log_size)
    if separator and scheme in _POSTGRESQL:
        return _postgresql(settings, on_commit, on_news)
    raise ValueError(_TAKEN)


def _postgresql(
    settings: Settings, on_commit: Callable[[Commit], None], on_news: Callable[[], None]
) -> Database:
    try:
        from lyftr_http.databases.postgresql import PostgresDatabase  # noqa: PLC0415 - as above
    except ImportError as exc:
        raise InvalidSettings(
            f"DATABASE_URL is one of PostgreSQL, which needs lyftr[postgres]: {exc}"
        ) from None
    return PostgresDatabase(settings, on_commit, on_news)
