"""The server inside another program, and what that team does with its file; run it to see."""

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import assert_type

from litestar import Litestar

from lyftr_core import MessageReader, MessageRemover, MessageWriter, ReadinessProbe, SchemaMismatch
from lyftr_core.database import Store
from lyftr_http.app import MAX_BODY_SIZE, Settings, create_app
from lyftr_http.container import Container
from lyftr_runtime.settings import (
    VARIABLES,
    InvalidSettings,
    Secret,
    WebhookScheme,
    load_settings,
)
from lyftr_sqlite import (
    Commit,
    Finding,
    Migration,
    SqliteMessageReader,
    SqliteMessageRemover,
    SqliteMessageWriter,
    SqliteStore,
    check,
    migrate,
    parse_database_url,
    rebuild,
)

SAFE_LENGTH = 32


def settings_of(environ: Mapping[str, str]) -> Settings:
    """Read the settings, or end with the one line that says what is wrong."""
    try:
        settings = assert_type(load_settings(environ), Settings)
    except InvalidSettings as exc:
        raise SystemExit(str(exc)) from None
    assert_type(settings.webhook_scheme, WebhookScheme)
    return settings


def is_long(secret: Secret) -> bool:
    """Tell whether nobody guesses a secret."""
    return len(assert_type(secret.key, bytes)) >= SAFE_LENGTH


def application(settings: Settings) -> Litestar:
    """Put the server together, with its own store at hand."""
    container = Container(settings=settings)
    assert_type(container.store(), Store)
    return assert_type(create_app(settings, container), Litestar)


def ports(store: SqliteStore) -> tuple[MessageWriter, MessageReader, ReadinessProbe]:
    """Take the ports of a store."""
    writer = assert_type(store.writer, SqliteMessageWriter)
    reader = assert_type(store.reader, SqliteMessageReader)
    return writer, reader, store.probe


def remover_of(store: SqliteStore) -> MessageRemover:
    """Take the port that removes."""
    return assert_type(store.remover, SqliteMessageRemover)


def note(commit: Commit) -> str:
    """Say what a commit did."""
    created, size, seconds = assert_type(commit.created, int), commit.size, commit.seconds
    return f"{created} of {size} in {assert_type(seconds, float)} s"


def maintain(url: str) -> tuple[str, ...]:
    """Bring a file up to date, make its projections anew, and return what is wrong with it."""
    path = assert_type(parse_database_url(url), Path)
    try:
        migration = assert_type(migrate(path), Migration)
    except SchemaMismatch as exc:
        return (str(exc),)
    assert_type(migration.before, "str | None")
    assert_type(rebuild(path), int)
    return tuple(fault for finding in check(path) for fault in faults_of(finding))


def faults_of(finding: Finding) -> list[str]:
    """Name the subject beside each fault."""
    return [f"{finding.subject}: {fault}" for fault in finding.faults]


def main() -> None:
    """Maintain a new file, and make an application over it."""
    with tempfile.TemporaryDirectory() as folder:
        environ = {"WEBHOOK_SECRET": "secret", "DATABASE_URL": f"sqlite:///{folder}/inbox.db"}
        settings = settings_of(environ)
        faults = maintain(settings.database_url)
        routes = len(application(settings).routes)
    sys.stdout.write(
        f"consumer: {routes} routes, {len(faults)} faults, bodies up to {MAX_BODY_SIZE} bytes,"
        f" {len(VARIABLES)} variables\n"
    )


if __name__ == "__main__":
    main()
