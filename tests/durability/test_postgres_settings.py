"""A commit is one: on the disk, and on the synchronous standby, whatever is set elsewhere."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from lyftr_core import AddOutcome, Message, StorageUnavailable
from lyftr_postgres import PostgresMessageWriter, PostgresStore, migrate, parse_database_url
from lyftr_postgres.connection.connecting import opener
from lyftr_postgres.connection.writing import WritingConnection
from tests.support.postgresql.installation import Installation
from tests.support.postgresql.pgbouncer import PgBouncer
from tests.support.postgresql.server import PostgresServer
from tests.support.postgresql.standby import StandbyServer, require_standby

_NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
_STOP = "SELECT {}(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
_HANGS = 60.0

Pair = tuple[PostgresServer, StandbyServer]


@pytest.fixture(scope="module")
def pair(postgres_installation: Installation) -> Iterator[Pair]:
    """A primary that waits for its standby at each commit."""
    with (
        PostgresServer(postgres_installation, durable=True) as primary,
        StandbyServer(primary) as standby,
    ):
        require_standby(primary, standby)
        yield primary, standby


@pytest.fixture
def database(pair: Pair) -> Iterator[str]:
    """An empty database, and a standby that follows again at the end."""
    primary, standby = pair
    with primary.database() as name:
        yield name
        standby.restart("immediate")


def _message(message_id: str) -> Message:
    return Message(message_id=message_id, sender="+12", recipient="+13", ts=_NOON, text="Hello")


def _wait_until_it_waits(primary: PostgresServer) -> None:
    """Wait until a batch waits for the standby."""
    deadline = time.monotonic() + _HANGS
    while primary.sql(_WAITING) == "0":
        assert time.monotonic() < deadline
        time.sleep(0.01)  # polling, up to the deadline


@asynccontextmanager
async def _added(store: PostgresStore, message: Message) -> AsyncIterator[asyncio.Task[AddOutcome]]:
    task = asyncio.create_task(store.writer.add(message, received_at=_NOON))
    try:
        yield task
    finally:
        task.cancel()


@pytest.mark.parametrize("how", ["pg_cancel_backend", "pg_terminate_backend"])
@pytest.mark.parametrize("defaults", ["usual", "careless"])
async def test_a_wait_for_the_standby_that_is_broken_off_is_no_commit_nor_is_its_redelivery(
    pair: Pair, database: str, how: str, defaults: str
) -> None:
    primary, standby = pair
    if defaults == "careless":
        for setting in (
            "synchronous_commit = off",
            "client_min_messages = error",
            "log_parameter_max_length_on_error = -1",  # gives errors of a statement a context
        ):
            primary.sql(f'ALTER DATABASE "{database}" SET {setting}')
    async with PostgresStore(primary.url(database)) as store:
        assert await store.writer.add(_message("m1"), received_at=_NOON) is AddOutcome.CREATED
        standby.stop("immediate")
        for _ in ("delivery", "redelivery"):
            async with _added(store, _message("m2")) as adding:
                await asyncio.to_thread(_wait_until_it_waits, primary)
                assert not adding.done()
                await asyncio.to_thread(primary.sql, _STOP.format(how))
                with pytest.raises(StorageUnavailable):
                    await adding
        standby.start()
        assert await store.writer.add(_message("m2"), received_at=_NOON) is AddOutcome.DUPLICATE
        assert standby.sql("SELECT count(*) FROM messages", database) == "2"
        assert primary.sql("SELECT count(*) FROM messages", database) == "2"


async def test_a_wait_that_takes_too_long_is_refused_and_readiness_follows(
    pair: Pair, database: str
) -> None:
    primary, standby = pair
    conninfo = parse_database_url(primary.url(database))
    migrate(conninfo)
    writer = PostgresMessageWriter(WritingConnection(opener(conninfo), patience=0.5))
    await writer.open()
    standby.stop("immediate")
    with pytest.raises(StorageUnavailable, match=r"longer than 0\.5 s"):
        await writer.add(_message("m1"), received_at=_NOON)
    assert await writer.check() == "cannot commit"
    standby.start()
    async with PostgresStore(primary.url(database)) as patient:  # until the standby follows again
        assert await patient.writer.add(_message("m1"), received_at=_NOON) is AddOutcome.DUPLICATE
    async with asyncio.timeout(_HANGS):
        while await writer.check() is not None:  # it failed just now
            pass  # to commit is a pause
    await writer.close()


async def test_through_a_transaction_pool_a_broken_wait_is_no_commit_either(
    pair: Pair, database: str
) -> None:
    primary, standby = pair
    with PgBouncer(primary) as pool:
        async with PostgresStore(pool.url(database)) as store:
            assert await store.writer.add(_message("m1"), received_at=_NOON) is AddOutcome.CREATED
            standby.stop("immediate")
            async with _added(store, _message("m2")) as adding:
                await asyncio.to_thread(_wait_until_it_waits, primary)
                await asyncio.to_thread(primary.sql, _STOP.format("pg_cancel_backend"))
                with pytest.raises(StorageUnavailable, match="in doubt"):
                    await adding
            standby.start()
            assert await store.writer.add(_message("m2"), received_at=_NOON) is AddOutcome.DUPLICATE
