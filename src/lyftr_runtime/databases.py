"""Which database a URL means. Its adapter is loaded here, and only the one that is used."""

from collections.abc import Callable

from lyftr_core.database import Commit
from lyftr_runtime.settings import InvalidSettings, Secret, Settings
from lyftr_sql.log_rows import SqlDatabase

__all__ = ["SqlDatabase", "choose_database"]

_SQLITE = ("sqlite", "sqlite+aiosqlite")
_POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")
_TAKEN = (
    "must be sqlite:///FILE (relative), sqlite:////FILE (absolute)"
    " or postgresql://USER:PASSWORD@HOST:PORT/NAME"
)


def choose_database(
    settings: Settings,
    on_commit: Callable[[Commit], None] = lambda _commit: None,
    on_news: Callable[[], None] = lambda: None,
    *,
    on_lock_wait: Callable[[str, float], None] = lambda _lock, _seconds: None,
    on_log_size: Callable[[int], None] = lambda _size: None,
) -> SqlDatabase:
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
        if settings.database_read_url:
            raise InvalidSettings("DATABASE_READ_URL needs a DATABASE_URL of PostgreSQL beside it")
        from lyftr_sqlite.database import SqliteDatabase  # noqa: PLC0415 - as above

        return SqliteDatabase(
            settings.database_url,
            on_commit=on_commit,
            on_lock_wait=on_lock_wait,
            on_log_size=on_log_size,
        )
    if separator and scheme in _POSTGRESQL:
        return _postgresql(settings, on_commit, on_news)
    raise ValueError(_TAKEN)


def _postgresql(
    settings: Settings, on_commit: Callable[[Commit], None], on_news: Callable[[], None]
) -> SqlDatabase:
    try:
        from lyftr_postgres.connection.url import parse_read_url  # noqa: PLC0415 - as above
        from lyftr_postgres.database import PostgresDatabase  # noqa: PLC0415 - as above
    except ImportError as exc:
        raise InvalidSettings(
            f"DATABASE_URL is one of PostgreSQL, which needs lyftr[postgres]: {exc}"
        ) from None
    return PostgresDatabase(
        settings.database_url,
        read_url=_checked(settings.database_read_url, parse_read_url),
        pool_size=settings.database_pool_size,
        on_commit=on_commit,
        on_news=on_news,
    )


def _checked(read_url: Secret | None, parse: Callable[[str], object]) -> str | None:
    """Return the URL of a replica; a fault in it is not one of DATABASE_URL."""
    if read_url is None:
        return None
    try:
        parse(read_url.value)
    except ValueError as exc:
        raise InvalidSettings(f"DATABASE_READ_URL {exc}") from None
    return read_url.value
