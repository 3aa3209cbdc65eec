"""A PostgreSQL that is there: databases are made in it, asked, and dropped."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from uuid import uuid4

__all__ = ["DatabaseServer", "StatementFailed", "literal"]

_HANGS = 120.0


class StatementFailed(Exception):
    """A statement was refused, or nobody answered it."""


def literal(value: str) -> str:
    """Return a string as SQL writes it."""
    return "'" + value.replace("'", "''") + "'"


class DatabaseServer:
    """Somebody else's server.

    Args:
        url: Of any database in it, for a user who may create databases.
        psql: The path of the program.
    """

    def __init__(self, url: str, psql: str) -> None:
        self._url = url
        self.psql = psql

    def url(self, database: str) -> str:
        """Return the URL of a database, as `DATABASE_URL` takes it."""
        return urlsplit(self._url)._replace(path=f"/{database}").geturl()

    def sql(self, statement: str, database: str | None = None) -> str:
        """Run one statement and return its rows, a line each, with `|` between columns.

        Args:
            statement: Outside of a transaction of its own making, so it may be any.
            database: Where; without it, where the URL of the server leads.

        Raises:
            StatementFailed: With what PostgreSQL said.
        """
        url = self._url if database is None else self.url(database)
        return self._ask(statement, url)

    def create_database(self, template: str = "template0") -> str:
        """Create a database, empty like its template, and return its name."""
        name = f"lyftr_test_{uuid4().hex}"
        self.sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database, and whatever connection is still open to it."""
        self.sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """Give a database for as long as a block runs; return its name."""
        name = self.create_database(template)
        try:
            yield name
        finally:
            self.drop_database(name)

    def kill_backends(self, application_name: str | None = None) -> int:
        """End the connections of one application, or all; return how many there were."""
        named = "true"
        if application_name is not None:
            named = f"application_name = {literal(application_name)}"
        ended = self.sql(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"  # noqa: S608 - quoted
            f" WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND {named}"
        )
        return int(ended)

    def _ask(self, statement: str, url: str) -> str:
        plain = ("--no-psqlrc", "--quiet", "--no-align", "--tuples-only")
        done = subprocess.run(
            [self.psql, *plain, "--set=ON_ERROR_STOP=1", "--command", statement, url],
            capture_output=True,
            check=False,
            encoding="utf-8",
            env={name: value for name, value in os.environ.items() if name[:2] != "PG"},
            timeout=_HANGS,
        )
        if done.returncode != 0:
            raise StatementFailed(f"{statement}\n{done.stderr.strip()}")
        return done.stdout.removesuffix("\n")
