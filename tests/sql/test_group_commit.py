"""What the writer asks of the store that commits, whichever database is behind it."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from lyftr_core import AddOutcome, Message, StorageUnavailable
from lyftr_sql.batch import Row
from lyftr_sql.group_commit import GroupCommitWriter

NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)


class Store:
    """Commits what a test lets it, and notes what was asked of it."""

    def __init__(self, failures: Sequence[Exception] = (), *, holds_up: bool = False) -> None:
        self.failures = list(failures)
        self.holds_up = holds_up
        self.calls: list[str] = []

    async def insert(self, batch: Sequence[Row]) -> list[AddOutcome]:
        self.calls.append(" ".join(row.message_id for row in batch))
        await asyncio.sleep(0)
        if self.failures:
            raise self.failures.pop()
        return [AddOutcome.CREATED] * len(batch)

    async def check(self) -> None:
        self.calls.append("check")
        if self.failures:
            raise StorageUnavailable("still")

    async def close(self) -> None:
        self.calls.append("close")

    def holds_up_others(self, failure: Exception) -> bool:
        return self.holds_up and isinstance(failure, TimeoutError)

    def reason(self, failure: Exception) -> str:
        return f"the store says {failure}"


async def add_two(store: Store) -> list[AddOutcome | BaseException]:
    """Add two messages, each in a batch of its own, and close the writer."""
    writer = GroupCommitWriter(store, max_batch=1)
    await writer.open()
    calls = (
        writer.add(
            Message(message_id=name, sender="+10", recipient="+11", ts=NOW, text=None),
            received_at=NOW,
        )
        for name in ("a", "b")
    )
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    await writer.close()
    return outcomes


async def test_the_store_is_closed_after_the_last_batch() -> None:
    store = Store()
    assert await add_two(store) == [AddOutcome.CREATED] * 2
    assert store.calls == ["a", "b", "close"]


async def test_a_failed_batch_is_refused_in_the_words_of_the_store_and_the_next_is_tried() -> None:
    cause = TimeoutError("locked")
    store = Store([cause])
    refusal, outcome = await add_two(store)
    assert isinstance(refusal, StorageUnavailable)
    assert str(refusal) == "the store says locked"
    assert refusal.__cause__ is cause
    assert outcome is AddOutcome.CREATED
    assert store.calls == ["a", "b", "close"]


@pytest.mark.parametrize(("cause", "tried"), [(TimeoutError(), ["a"]), (OSError(), ["a", "b"])])
async def test_those_behind_are_refused_untried_where_the_store_says_that_they_would_wait_too(
    cause: Exception, tried: list[str]
) -> None:
    store = Store([cause], holds_up=True)
    outcomes = await add_two(store)
    assert store.calls == [*tried, "close"]
    assert sum(outcome is AddOutcome.CREATED for outcome in outcomes) == len(tried) - 1


async def test_the_writer_is_ready_when_the_store_can_commit() -> None:
    store = Store([OSError()])
    writer = GroupCommitWriter(store)
    assert await writer.check() == "closed"
    await writer.open()
    assert await writer.check() == "cannot commit"
    store.failures.clear()
    assert await writer.check() is None
    await writer.close()
    assert store.calls == ["check", "check", "close"]


class HangingStore(Store):
    """Commits nothing until a test lets it go on."""

    def __init__(self) -> None:
        super().__init__()
        self.began = asyncio.Event()
        self.goes_on = asyncio.Event()

    async def insert(self, batch: Sequence[Row]) -> list[AddOutcome]:
        self.began.set()
        await self.goes_on.wait()
        return await super().insert(batch)


async def test_a_commit_that_hangs_is_not_ready_until_it_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = HangingStore()
    writer = GroupCommitWriter(store)
    await writer.open()
    message = Message(message_id="a", sender="+10", recipient="+11", ts=NOW, text=None)
    adding = asyncio.create_task(writer.add(message, received_at=NOW))
    await store.began.wait()
    assert await writer.check() is None  # not for long
    monkeypatch.setattr("lyftr_sql.group_commit.HANGS", -1.0)
    assert await writer.check() == "cannot commit"
    assert store.calls == ["check"]
    store.goes_on.set()
    assert await adding is AddOutcome.CREATED
    assert await writer.check() is None
    await writer.close()
