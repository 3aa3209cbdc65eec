"""Whatever is done with the SQLite store, opened again in between: it answers as memory does."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings

from lyftr_core import MessageReader, MessageRemover, MessageWriter
from lyftr_core.testing import RepositoryMachine
from lyftr_sqlite import SqliteStore
from tests.support.examples import example_count
from tests.support.sqlite_files import new_file


class SqliteMachine(RepositoryMachine):
    def __init__(self) -> None:
        self._folder = TemporaryDirectory()
        self._path = new_file(Path(self._folder.name))
        super().__init__()

    @asynccontextmanager
    async def open_repository(self) -> AsyncGenerator[tuple[MessageWriter, MessageReader]]:
        async with SqliteStore(f"sqlite:///{self._path}") as store:
            self._remover = store.remover
            yield store.writer, store.reader

    reopen_repository = open_repository

    def get_remover(self) -> MessageRemover:
        return self._remover

    def teardown(self) -> None:
        super().teardown()
        self._folder.cleanup()


TestSqliteMachine = SqliteMachine.TestCase
TestSqliteMachine.settings = settings(
    max_examples=example_count(10),  # each opens a store, and some several times
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
