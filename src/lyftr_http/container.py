"""The wiring of one application: the services of `lyftr_runtime`, and what the web adds to them."""

from collections.abc import Callable, Iterable
from datetime import datetime
from threading import Lock

from dependency_injector import containers, providers

from lyftr_core import (
    CheckReadiness,
    Clock,
    ComputeStats,
    GetMessage,
    IngestMessage,
    ListConflicts,
    ListMessages,
    MessageReader,
    ReadLog,
    RemoveMessages,
    SignatureScheme,
)
from lyftr_core.database import Commit, Database, Store
from lyftr_http.access.allowed_hosts import AllowedHosts
from lyftr_http.access.readers import ReadAccess
from lyftr_http.access.sessions import Sessions
from lyftr_http.exchange.in_flight import InFlight
from lyftr_http.observability.access_log import AccessLog
from lyftr_http.observability.metrics import Metrics
from lyftr_http.observability.shared_rendering import SharedRendering
from lyftr_http.page.inbox import Inbox
from lyftr_http.stream.event_stream import EventStreams
from lyftr_http.stream.live_log import CommitSignal, LiveLog
from lyftr_runtime.logs.logger import create_logger
from lyftr_runtime.retention import Retention
from lyftr_runtime.services import Services
from lyftr_runtime.settings import Secret, Settings

__all__ = ["Container"]


def _noting(metrics: Metrics, signal: CommitSignal) -> Callable[[Commit], None]:
    def note(commit: Commit) -> None:
        metrics.count_commit(commit.size, commit.seconds)
        signal.notify()

    return note


def _sessions(tokens: Iterable[Secret], clock: Callable[[], datetime]) -> Sessions:
    return Sessions((token.key for token in tokens), clock)


def _allowed_hosts(settings: Settings) -> AllowedHosts:
    """Check hosts only where reads are open for no other reason than a loopback address."""
    if settings.api_tokens or settings.allow_anonymous_reads or "*" in settings.allowed_hosts:
        return AllowedHosts(None)
    return AllowedHosts((settings.host, *settings.allowed_hosts))


def _read_access(tokens: Iterable[Secret], sessions: Sessions) -> ReadAccess:
    return ReadAccess((token.key for token in tokens), sessions)


class Container(containers.DeclarativeContainer):
    """Everything one application is made of. Nothing is opened before `store.open()`."""

    settings: providers.Provider[Settings] = providers.Dependency(instance_of=Settings)
    log = providers.Singleton(create_logger, settings)
    metrics_directory: providers.Provider[str | None] = providers.Object(None)
    metrics = providers.Singleton(Metrics, metrics_directory)
    metrics_text = providers.Singleton(SharedRendering, metrics.provided.render)
    access_log = providers.Singleton(AccessLog, log, metrics)

    running = providers.Singleton(Lock)
    """Held by the lifespan that runs, as the store can be opened only once."""
    commit_signal = providers.Singleton(CommitSignal)
    services = providers.Container(
        Services,
        settings=settings,
        on_commit=providers.Callable(_noting, metrics, commit_signal),
        on_news=commit_signal.provided.notify,
        on_lock_wait=metrics.provided.set_lock_wait,
        on_log_size=metrics.provided.set_log_size,
        on_verified=metrics.provided.count_verified,
    )
    clock: providers.Provider[Clock] = services.clock
    database: providers.Provider[Database] = services.database
    store: providers.Provider[Store] = services.store
    listing_reader: providers.Provider[MessageReader] = services.listing_reader
    ingest_message: providers.Provider[IngestMessage] = services.ingest_message
    list_messages: providers.Provider[ListMessages] = services.list_messages
    get_message: providers.Provider[GetMessage] = services.get_message
    read_log: providers.Provider[ReadLog] = services.read_log
    compute_stats: providers.Provider[ComputeStats] = services.compute_stats
    check_readiness: providers.Provider[CheckReadiness] = services.check_readiness
    scheme: providers.Provider[SignatureScheme] = services.scheme
    list_conflicts: providers.Provider[ListConflicts] = services.list_conflicts
    remove_messages: providers.Provider[RemoveMessages] = services.remove_messages

    sessions = providers.Singleton(_sessions, settings.provided.api_tokens, clock)
    read_access = providers.Singleton(_read_access, settings.provided.api_tokens, sessions)
    allowed_hosts = providers.Singleton(_allowed_hosts, settings)

    webhooks_in_flight = providers.Singleton(InFlight, settings.provided.max_webhooks_in_flight)
    reads_in_flight = providers.Singleton(InFlight, settings.provided.max_reads_in_flight)
    live_log = providers.Singleton(LiveLog, store.provided.reader, commit_signal)
    event_streams = providers.Singleton(
        EventStreams,
        live_log,
        providers.Singleton(InFlight, settings.provided.max_streams),
        metrics,
    )
    retention = providers.Singleton(
        Retention,
        remove_messages,
        settings.provided.retention_days,
        clock,
        log,
        metrics.provided.count_removed,
    )
    inbox = providers.Singleton(
        Inbox,
        list_messages,
        get_message,
        compute_stats,
        listing_reader.provided.last_seq,
        reads_in_flight,
    )
