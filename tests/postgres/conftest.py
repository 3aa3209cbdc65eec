"""Databases for the tests of the PostgreSQL adapter."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from tests.postgresql.database_server import DatabaseServer

NewDatabase = Callable[[], AbstractContextManager[str]]


@pytest.fixture
def new_database(postgres_server: DatabaseServer) -> NewDatabase:
    """Makes an empty database for as long as a context is entered, and gives its URL."""

    @contextmanager
    def make() -> Iterator[str]:
        with postgres_server.database() as name:
            yield postgres_server.url(name)

    return make
