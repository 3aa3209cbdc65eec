import time
from collections.abc import Iterator

import pytest

from tests.support.postgresql.database_server import StatementFailed
from tests.support.postgresql.installation import Installation
from tests.support.postgresql.server import PostgresServer
from tests.support.postgresql.sessions import Session
from tests.support.postgresql.standby import StandbyServer, require_standby


@pytest.fixture
def primary(postgres_installation: Installation) -> Iterator[PostgresServer]:
    with PostgresServer(postgres_installation, durable=True) as server:
        server.sql("CREATE TABLE messages (id bigint PRIMARY KEY)")
        yield server


@pytest.fixture
def standby(primary: PostgresServer) -> Iterator[StandbyServer]:
    with StandbyServer(primary) as server:
        require_standby(primary, server)
        yield server


def test_what_was_committed_is_there_after_a_promotion(
    primary: PostgresServer, standby: StandbyServer
) -> None:
    primary.sql("INSERT INTO messages VALUES (1)")
    primary.stop("immediate")
    standby.promote()
    assert standby.sql("SELECT id FROM messages") == "1"
    standby.sql("INSERT INTO messages VALUES (2)")
    assert standby.sql("SELECT count(*) FROM messages") == "2"


def test_a_standby_can_be_read_and_not_written_to(
    primary: PostgresServer, standby: StandbyServer
) -> None:
    primary.sql("INSERT INTO messages VALUES (1)")
    deadline = time.monotonic() + 60
    while standby.sql("SELECT id FROM messages") != "1":  # commits wait for its disk, not for this
        assert time.monotonic() < deadline
    with pytest.raises(StatementFailed, match="read-only transaction"):
        standby.sql("INSERT INTO messages VALUES (2)")


def test_a_commit_waits_for_the_standby(primary: PostgresServer, standby: StandbyServer) -> None:
    standby.stop()
    with Session(primary.psql, primary.url("postgres")) as session:
        session.tell("INSERT INTO messages VALUES (1) RETURNING 'committed'")
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        deadline = time.monotonic() + 60
        while primary.sql(waiting) != "1":
            assert time.monotonic() < deadline
        assert primary.sql("SELECT count(*) FROM messages") == "0"
        standby.start()
        assert session.answer() == "committed"


def test_two_standbys_follow_one_primary(primary: PostgresServer, standby: StandbyServer) -> None:
    with StandbyServer(primary, "another"):
        slots = "SELECT string_agg(slot_name, ' ' ORDER BY slot_name) FROM pg_replication_slots"
        deadline = time.monotonic() + 60
        while primary.sql(f"{slots} WHERE active") != "another standby":
            assert time.monotonic() < deadline


def test_a_promoted_standby_waits_for_nobody(
    primary: PostgresServer, standby: StandbyServer
) -> None:
    with StandbyServer(primary, "another") as another:  # whose primary waits for the first
        another.promote()
        another.sql("INSERT INTO messages VALUES (1)")
        assert another.sql("SHOW synchronous_standby_names") == ""
