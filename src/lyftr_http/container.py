"""The wiring: the one place that names concrete adapters."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dependency_injector import containers, providers

from lyftr_core import (
    CheckReadiness,
    ComputeStats,
    GetMessage,
    IngestMessage,
    ListConflicts,
    ListMessages,
    ReadLog,
    RemoveMessages,
    SecretProbe,
)
from lyftr_http.commit_bell import CommitBell
from lyftr_http.counted_scheme import CountedScheme
from lyftr_http.event_stream import EventStreams
from lyftr_http.in_flight import InFlight
from lyftr_http.live_log import LiveLog
from lyftr_http.logs import create_logger
from lyftr_http.metrics import Metrics
from lyftr_http.page.inbox import Inbox
from lyftr_http.page.templates import Templates
from lyftr_http.read_access import ReadAccess
from lyftr_http.request_journal import RequestJournal
from lyftr_http.retention import Retention
from lyftr_http.schemes import configured_scheme
from lyftr_http.sessions import Sessions
from lyftr_http.settings import InvalidSettings, Secret, Settings
from lyftr_http.storage import Kind, Store, kind_of, not_for_postgresql
from lyftr_sqlite import Commit, Finding, SqliteStore, check, migrate, rebuild
from lyftr_sqlite import log_copy as sqlite_log_copy
from lyftr_sqlite.backing_up import back_up
from lyftr_sqlite.importing import open_importer
from lyftr_sqlite.restoring import restore

if TYPE_CHECKING:
    from lyftr_core.log_copy import LogSource, LogTarget
    from lyftr_postgres import Migration, PostgresStore
    from lyftr_postgres.importing import PostgresImporter

__all__ = ["Container"]


def _noting(metrics: Metrics, bell: CommitBell) -> Callable[[Commit], None]:
    def note(commit: Commit) -> None:
        metrics.count_commit(commit.size, commit.seconds)
        bell.ring()

    return note


def _kind(settings: Settings) -> Kind:
    """Return which kind of database there is.

    Raises:
        ValueError: The URL means none that is known.
        InvalidSettings: A replica is given to SQLite, which has none.
    """
    kind = kind_of(settings.database_url)
    if kind != "postgresql" and settings.database_read_url:
        raise InvalidSettings("DATABASE_READ_URL needs a DATABASE_URL of PostgreSQL beside it")
    return kind


def _read_url(settings: Settings) -> str | None:
    """Return the URL of the replica, if there is one.

    Raises:
        InvalidSettings: It is none that is taken.
    """
    from lyftr_postgres.url import parse_read_url  # noqa: PLC0415 - loaded only where it is used

    if settings.database_read_url is None:
        return None
    try:
        parse_read_url(settings.database_read_url.value)
    except ValueError as exc:
        raise InvalidSettings(f"DATABASE_READ_URL {exc}") from None
    return settings.database_read_url.value


def _postgres_store(
    settings: Settings, on_commit: Callable[[Commit], None], bell: CommitBell
) -> "PostgresStore":
    """Make the store over PostgreSQL, whose driver is loaded only where it is used.

    Raises:
        InvalidSettings: It is not installed, or the URL of the replica is not taken.
    """
    try:
        from lyftr_postgres import PostgresStore  # noqa: PLC0415 - as above
    except ImportError as exc:
        raise InvalidSettings(
            f"DATABASE_URL is one of PostgreSQL, which needs lyftr[postgres]: {exc}"
        ) from None
    return PostgresStore(
        settings.database_url,
        read_url=_read_url(settings),
        pool_size=settings.database_pool_size,
        on_commit=on_commit,
        on_news=bell.ring,
    )


def _migrate_postgres(store: "PostgresStore") -> "Migration":
    from lyftr_postgres import migrate  # noqa: PLC0415 - as above

    return migrate(store.conninfo)


def _prepare_postgres(store: "PostgresStore") -> None:
    from lyftr_postgres import prepare  # noqa: PLC0415 - as above

    prepare(store.conninfo)


def _check_postgres(store: "PostgresStore") -> "Iterator[Finding]":
    from lyftr_postgres.checking import check  # noqa: PLC0415 - as above

    return check(store.conninfo)


def _rebuild_postgres(store: "PostgresStore", progress: Callable[[int, int], None]) -> int:
    from lyftr_postgres.rebuilding import rebuild  # noqa: PLC0415 - as above

    return rebuild(store.conninfo, progress)


def _postgres_importer(store: "PostgresStore") -> "AbstractContextManager[PostgresImporter]":
    from lyftr_postgres.importing import open_importer  # noqa: PLC0415 - as above

    return open_importer(store.conninfo)


def _postgres_log_source(store: "PostgresStore") -> "AbstractContextManager[LogSource]":
    from lyftr_postgres.log_copy import open_log_source  # noqa: PLC0415 - as above

    return open_log_source(store.conninfo)


def _postgres_log_target(store: "PostgresStore") -> "AbstractContextManager[LogTarget]":
    from lyftr_postgres.log_copy import open_log_target  # noqa: PLC0415 - as above

    return open_log_target(store.conninfo)


def _sessions(tokens: Iterable[Secret], clock: Callable[[], datetime]) -> Sessions:
    return Sessions((token.key for token in tokens), clock)


def _read_access(tokens: Iterable[Secret], sessions: Sessions) -> ReadAccess:
    return ReadAccess((token.key for token in tokens), sessions)


def _of_sqlite(
    kind: providers.Provider[str],
    store: providers.Provider[Store],
    function: Callable[..., Any],
    command: str,
    instead: str,
) -> providers.Selector:
    """Provide what works on the file of SQLite alone, and else refuses with what to use."""
    return providers.Selector(
        kind,
        sqlite=providers.Callable(function, store.provided.path),
        postgresql=providers.Callable(not_for_postgresql(command, instead)),
    )


class Container(containers.DeclarativeContainer):
    """Everything one application is made of. Nothing is opened before `store.open()`."""

    settings: providers.Provider[Settings] = providers.Dependency(instance_of=Settings)
    clock = providers.Object(lambda: datetime.now(UTC))
    log = providers.Singleton(create_logger, settings)
    metrics_directory: providers.Provider[str | None] = providers.Object(None)
    metrics = providers.Singleton(Metrics, metrics_directory)
    journal = providers.Singleton(RequestJournal, log, metrics)
    templates = providers.Singleton(Templates)

    commit_bell = providers.Singleton(CommitBell)
    kind = providers.Callable(_kind, settings)
    _on_commit = providers.Callable(_noting, metrics, commit_bell)
    store: providers.Provider[Store] = providers.Selector(
        kind,
        sqlite=providers.Singleton(
            SqliteStore, settings.provided.database_url, on_commit=_on_commit
        ),
        postgresql=providers.Singleton(_postgres_store, settings, _on_commit, commit_bell),
    )
    listing_reader = providers.Selector(
        kind, sqlite=store.provided.reader, postgresql=store.provided.replica
    )
    migrate = providers.Selector(
        kind,
        sqlite=providers.Callable(migrate, store.provided.path),
        postgresql=providers.Callable(_migrate_postgres, store),
    )
    prepare = providers.Selector(
        kind, sqlite=migrate, postgresql=providers.Callable(_prepare_postgres, store)
    )
    check = providers.Selector(
        kind,
        sqlite=providers.Callable(check, store.provided.path),
        postgresql=providers.Callable(_check_postgres, store),
    )
    back_up = _of_sqlite(kind, store, back_up, "backup", "pg_dump or pg_basebackup")
    restore = _of_sqlite(kind, store, restore, "restore", "pg_restore, then lyftr migrate")
    open_importer = providers.Selector(
        kind,
        sqlite=providers.Callable(open_importer, store.provided.path),
        postgresql=providers.Callable(_postgres_importer, store),
    )
    rebuild = providers.Selector(
        kind,
        sqlite=providers.Callable(rebuild, store.provided.path),
        postgresql=providers.Callable(_rebuild_postgres, store),
    )
    open_log_source = providers.Selector(
        kind,
        sqlite=providers.Callable(sqlite_log_copy.open_log_source, store.provided.path),
        postgresql=providers.Callable(_postgres_log_source, store),
    )
    open_log_target = providers.Selector(
        kind,
        sqlite=providers.Callable(sqlite_log_copy.open_log_target, store.provided.path),
        postgresql=providers.Callable(_postgres_log_target, store),
    )
    scheme = providers.Singleton(configured_scheme, settings, clock)
    sessions = providers.Singleton(_sessions, settings.provided.api_tokens, clock)
    read_access = providers.Singleton(_read_access, settings.provided.api_tokens, sessions)

    webhooks_in_flight = providers.Singleton(InFlight, settings.provided.max_webhooks_in_flight)
    reads_in_flight = providers.Singleton(InFlight, settings.provided.max_reads_in_flight)
    ingest_message = providers.Singleton(
        IngestMessage,
        scheme=providers.Singleton(CountedScheme, scheme, metrics.provided.count_verified),
        writer=store.provided.writer,
        clock=clock,
    )
    list_messages = providers.Singleton(ListMessages, listing_reader)
    list_conflicts = providers.Singleton(ListConflicts, store.provided.reader)
    get_message = providers.Singleton(GetMessage, store.provided.reader)
    read_log = providers.Singleton(ReadLog, listing_reader)
    live_log = providers.Singleton(LiveLog, store.provided.reader, commit_bell)
    event_streams = providers.Singleton(
        EventStreams,
        live_log,
        providers.Singleton(InFlight, settings.provided.max_streams),
        metrics,
    )
    compute_stats = providers.Singleton(ComputeStats, listing_reader)
    remove_messages = providers.Singleton(RemoveMessages, store.provided.remover)
    retention = providers.Singleton(
        Retention,
        remove_messages,
        settings.provided.retention_days,
        clock,
        log,
        metrics.provided.count_removed,
    )
    check_readiness = providers.Singleton(
        CheckReadiness,
        providers.Dict(
            database=store.provided.probe,
            webhook_secret=providers.Singleton(SecretProbe, scheme),
        ),
    )
    inbox = providers.Singleton(
        Inbox,
        list_messages,
        get_message,
        compute_stats,
        listing_reader.provided.last_seq,
        reads_in_flight,
    )
