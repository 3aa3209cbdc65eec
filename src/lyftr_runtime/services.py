"""The use cases, wired to the configured database and signature scheme; no web framework."""

from collections.abc import Callable
from datetime import UTC, datetime

from dependency_injector import containers, providers

from lyftr_core import (
    CheckReadiness,
    ComputeStats,
    GetMessage,
    IngestMessage,
    ListConflicts,
    ListMessages,
    MessageReader,
    ReadLog,
    RemoveMessages,
    SecretProbe,
    SigningKey,
)
from lyftr_core.database import Commit, Store
from lyftr_runtime.databases import choose_database
from lyftr_runtime.settings import Settings
from lyftr_runtime.signing import CountedScheme, configured_scheme
from lyftr_sql.log_rows import SqlDatabase

__all__ = ["Services"]


def _ignore(*_: object) -> None:
    """Take no note of what happens."""


class Services(containers.DeclarativeContainer):
    """What a program does with messages. Nothing is opened before `store.open()`.

    The providers that begin with `on_` are told what happens; `lyftr_http` counts it.
    """

    settings: providers.Provider[Settings] = providers.Dependency(instance_of=Settings)
    clock = providers.Object(lambda: datetime.now(UTC))
    on_commit: providers.Provider[Callable[[Commit], None]] = providers.Object(_ignore)
    on_news: providers.Provider[Callable[[], None]] = providers.Object(_ignore)
    on_lock_wait: providers.Provider[Callable[[str, float], None]] = providers.Object(_ignore)
    on_log_size: providers.Provider[Callable[[int], None]] = providers.Object(_ignore)
    on_verified: providers.Provider[Callable[[SigningKey], None]] = providers.Object(_ignore)

    database: providers.Provider[SqlDatabase] = providers.Singleton(
        choose_database,
        settings,
        on_commit,
        on_news,
        on_lock_wait=on_lock_wait,
        on_log_size=on_log_size,
    )
    store: providers.Provider[Store] = providers.Callable(lambda database: database.store, database)
    listing_reader: providers.Provider[MessageReader] = providers.Callable(
        lambda database: database.listing_reader, database
    )
    scheme = providers.Singleton(configured_scheme, settings, clock)

    ingest_message = providers.Singleton(
        IngestMessage,
        scheme=providers.Singleton(CountedScheme, scheme, on_verified),
        writer=store.provided.writer,
        clock=clock,
    )
    list_messages = providers.Singleton(ListMessages, listing_reader)
    list_conflicts = providers.Singleton(ListConflicts, store.provided.reader)
    get_message = providers.Singleton(GetMessage, store.provided.reader)
    read_log = providers.Singleton(ReadLog, listing_reader)
    compute_stats = providers.Singleton(ComputeStats, listing_reader)
    remove_messages = providers.Singleton(RemoveMessages, store.provided.remover)
    check_readiness = providers.Singleton(
        CheckReadiness,
        providers.Dict(
            database=store.provided.probe,
            webhook_secret=providers.Singleton(SecretProbe, scheme),
        ),
    )
