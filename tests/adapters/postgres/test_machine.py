"""Whatever is done with the PostgreSQL store, opened again too: it answers as memory does."""

from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from lyftr_core import MessageReader, MessageRemover, MessageWriter
from lyftr_core.testing import RepositoryMachine
from lyftr_postgres import PostgresStore
from tests.adapters.postgres.conftest import NewDatabase
from tests.support.examples import example_count


class PostgresMachine(RepositoryMachine):
    def __init__(self, migrated_database: NewDatabase) -> None:
        self._databases = ExitStack()
        self._url = self._databases.enter_context(migrated_database())
        super().__init__()

    @asynccontextmanager
    async def open_repository(self) -> AsyncGenerator[tuple[MessageWriter, MessageReader]]:
        async with PostgresStore(self._url) as store:
            self._remover = store.remover
            yield store.writer, store.reader

    reopen_repository = open_repository

    def get_remover(self) -> MessageRemover:
        return self._remover

    def teardown(self) -> None:
        super().teardown()
        self._databases.close()


def test_answers_as_memory_does(migrated_database: NewDatabase) -> None:
    def begin() -> PostgresMachine:
        return PostgresMachine(migrated_database)

    run_state_machine_as_test(
        begin,  # type: ignore[arg-type] # documented: anything that returns a machine
        settings=settings(
            max_examples=example_count(10),  # each opens a store, and some several times
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
