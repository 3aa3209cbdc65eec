"""Databases for the tests of the PostgreSQL adapter."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from lyftr_postgres import migrate, parse_database_url
from tests.support.postgresql.database_server import DatabaseServer

NewDatabase = Callable[[], AbstractContextManager[str]]


@pytest.fixture
def new_database(postgres_server: DatabaseServer) -> NewDatabase:
    """Makes an empty database for as long as a context is entered, and gives its URL."""
    return _from_template(postgres_server, "template0")


@pytest.fixture(scope="session")
def migrated_template(postgres_server: DatabaseServer) -> Iterator[str]:
    """The name of a database with the schema of this version, to make others from."""
    with postgres_server.database() as name:
        migrate(parse_database_url(postgres_server.url(name)))
        yield name


@pytest.fixture
def migrated_database(postgres_server: DatabaseServer, migrated_template: str) -> NewDatabase:
    """Like `new_database`, with the schema: migrating takes longer than most examples."""
    return _from_template(postgres_server, migrated_template)


def _from_template(server: DatabaseServer, template: str) -> NewDatabase:
    @contextmanager
    def make() -> Iterator[str]:
        with server.database(template) as name:
            yield server.url(name)

    return make
