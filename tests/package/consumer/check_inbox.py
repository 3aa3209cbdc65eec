"""The tests of that team: the contract over its store, and properties over its rule."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import assert_type

import inbox
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from lyftr_core import (
    FaultCode,
    HexHmacSha256,
    IngestMessage,
    InMemoryMessageRepository,
    Message,
    MessageFilter,
    MessageReader,
    MessageRemover,
    MessageWriter,
    Selection,
    SignedRequest,
)
from lyftr_core.testing import (
    InvalidBody,
    RemovalContract,
    RepositoryContract,
    RepositoryMachine,
    bodies,
    invalid_bodies,
    message_filters,
    message_ids,
    messages,
    moments,
    phone_numbers,
    selections,
    signed_requests,
    standard_signed_requests,
    texts,
    timestamps,
)
from lyftr_sqlite import Commit, SqliteStore

SECRET = "secret"
MOMENT = datetime(2026, 1, 15, tzinfo=UTC)
INGEST = IngestMessage(
    HexHmacSha256(SECRET), inbox.WRITER, clock=inbox.CLOCK, parse=inbox.parse_order
)
ORDERS: SearchStrategy[Message] = messages(
    sender=phone_numbers(country_code="91"),
    text=texts(max_size=100).map(lambda text: f"ORDER {text}"),
)
STRATEGIES: Sequence[SearchStrategy[object]] = (
    message_ids(min_size=1, max_size=20),
    moments(earliest=MOMENT),
    timestamps(max_fraction_digits=0),
    assert_type(message_filters(q=texts(min_size=1, max_size=3)), SearchStrategy[MessageFilter]),
    assert_type(selections(), SearchStrategy[Selection]),
    assert_type(standard_signed_requests("whsec_AAAA", at=MOMENT), SearchStrategy[SignedRequest]),
    assert_type(invalid_bodies(fields=["from"]), SearchStrategy[InvalidBody]),
)


class TestOurRepository(RepositoryContract):
    @asynccontextmanager
    async def open_repository(self) -> AsyncGenerator[tuple[MessageWriter, MessageReader]]:
        repository = inbox.CountingRepository()
        yield repository, repository


class OurMachine(RepositoryMachine):
    @asynccontextmanager
    async def open_repository(self) -> AsyncGenerator[tuple[MessageWriter, MessageReader]]:
        repository = inbox.CountingRepository()
        yield repository, repository


TestOurMachine = OurMachine.TestCase


class TestRemoval(RemovalContract):
    @asynccontextmanager
    async def open_removable(
        self,
    ) -> AsyncGenerator[tuple[MessageWriter, MessageReader, MessageRemover]]:
        repository = InMemoryMessageRepository()
        yield repository, repository, repository


async def test_a_number_is_forgotten_and_its_messages_are_no_new_ones() -> None:
    repository = InMemoryMessageRepository()
    message = Message(message_id="m1", sender="+12", recipient="+13", ts=MOMENT)
    await repository.add(message, received_at=MOMENT)
    assert await inbox.forget(repository, "+12") == 0
    assert await repository.get("m1") is None
    assert inbox.stays_of(message) > 0


@given(request=signed_requests(SECRET, of=bodies(of=ORDERS)))
async def test_orders_are_taken(request: SignedRequest) -> None:
    assert (await inbox.answer(INGEST, request))[0] == 200


@given(request=signed_requests(SECRET, of=bodies(of=messages(text=st.none()))))
async def test_what_is_no_order_is_refused(request: SignedRequest) -> None:
    assert await inbox.answer(INGEST, request) == (422, {"text": FaultCode.NOT_A_CHOICE.value})


@given(strategy=st.sampled_from(STRATEGIES), data=st.data())
def test_every_strategy_gives_something(
    strategy: SearchStrategy[object], data: st.DataObject
) -> None:
    data.draw(strategy)


async def test_the_store_of_lyftr_serves_too(tmp_path: Path) -> None:
    commits: list[Commit] = []
    async with SqliteStore(f"sqlite:///{tmp_path}/inbox.db", on_commit=commits.append) as store:
        writer: MessageWriter = store.writer
        reader: MessageReader = store.reader
        message = Message(message_id="m1", sender="+12", recipient="+13", ts=MOMENT)
        await writer.add(message, received_at=MOMENT)
        found = await reader.get("m1")
        assert found is not None
        assert found.message == message
        assert await store.probe.check() is None
    assert len(commits) == 1


async def test_every_way_of_reading() -> None:
    assert await inbox.look_around(MessageFilter())
    assert inbox.IS_CURRENT
