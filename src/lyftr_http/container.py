"""The wiring: the one place that names concrete adapters."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

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
from lyftr_http.settings import Secret, Settings
from lyftr_sqlite import Commit, SqliteStore, check, migrate, rebuild
from lyftr_sqlite.backing_up import back_up
from lyftr_sqlite.importing import open_importer
from lyftr_sqlite.restoring import restore

__all__ = ["Container"]


def _noting(metrics: Metrics, bell: CommitBell) -> Callable[[Commit], None]:
    def note(commit: Commit) -> None:
        metrics.count_commit(commit.size, commit.seconds)
        bell.ring()

    return note


def _sessions(tokens: Iterable[Secret], clock: Callable[[], datetime]) -> Sessions:
    return Sessions((token.key for token in tokens), clock)


def _read_access(tokens: Iterable[Secret], sessions: Sessions) -> ReadAccess:
    return ReadAccess((token.key for token in tokens), sessions)


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
    store = providers.Singleton(
        SqliteStore,
        settings.provided.database_url,
        on_commit=providers.Callable(_noting, metrics, commit_bell),
    )
    migrate = providers.Callable(migrate, store.provided.path)
    check = providers.Callable(check, store.provided.path)
    back_up = providers.Callable(back_up, store.provided.path)
    restore = providers.Callable(restore, store.provided.path)
    open_importer = providers.Callable(open_importer, store.provided.path)
    rebuild = providers.Callable(rebuild, store.provided.path)
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
    list_messages = providers.Singleton(ListMessages, store.provided.reader)
    list_conflicts = providers.Singleton(ListConflicts, store.provided.reader)
    get_message = providers.Singleton(GetMessage, store.provided.reader)
    read_log = providers.Singleton(ReadLog, store.provided.reader)
    live_log = providers.Singleton(LiveLog, store.provided.reader, commit_bell)
    event_streams = providers.Singleton(
        EventStreams,
        live_log,
        providers.Singleton(InFlight, settings.provided.max_streams),
        metrics,
    )
    compute_stats = providers.Singleton(ComputeStats, store.provided.reader)
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
        store.provided.reader.last_seq,
        reads_in_flight,
    )
