"""What the writer asks of the store that commits, whichever database is behind it."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from lyftr_core import AddOutcome, Message, StorageUnavailable
from lyftr_core.database import Commit
from lyftr_core.errors import DataRefused
from lyftr_sql import group_commit
from lyftr_sql.group_commit import GroupCommitWriter
from lyftr_sql.rows import Row

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


class Picky(Store):
    """Takes no batch with a message whose identifier holds `bad`; knows what it has taken."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[str] = []

    async def insert(self, batch: Sequence[Row]) -> list[AddOutcome]:
        await super().insert(batch)
        names = [row.message_id for row in batch]
        if any("bad" in name for name in names):
            raise DataRefused("a bad one")
        known = [name in self.taken or name in names[:place] for place, name in enumerate(names)]
        self.taken += names
        return [AddOutcome.DUPLICATE if is_known else AddOutcome.CREATED for is_known in known]


async def add_at_once(writer: GroupCommitWriter, *names: str) -> list[AddOutcome | BaseException]:
    calls = (
        writer.add(
            Message(message_id=name, sender="+10", recipient="+11", ts=NOW, text=None),
            received_at=NOW,
        )
        for name in names
    )
    return await asyncio.gather(*calls, return_exceptions=True)


async def test_closing_refuses_untried_what_waits_behind_a_commit_that_failed() -> None:
    store = Store([OSError("broken")])
    writer = GroupCommitWriter(store, max_batch=1)
    await writer.open()
    adding = asyncio.create_task(add_at_once(writer, "a", "b"))
    for _ in range(2):  # its own turn, then those of the two calls
        await asyncio.sleep(0)
    await writer.close()
    assert [str(refusal) for refusal in await adding] == ["the store says broken"] * 2
    assert store.calls == ["a", "close"]


@pytest.mark.parametrize("names", ["bad", "bad b", "a bad", "a b bad c d e", "bad bad2 a b bad3"])
async def test_only_those_are_refused_that_the_store_does_not_take(names: str) -> None:
    store, commits = Picky(), list[Commit]()
    writer = GroupCommitWriter(store, on_commit=commits.append)
    await writer.open()
    outcomes = await add_at_once(writer, *names.split())
    for name, outcome in zip(names.split(), outcomes, strict=True):
        is_refused = isinstance(outcome, StorageUnavailable)
        assert is_refused == ("bad" in name), outcomes
        assert not is_refused or str(outcome) == "the store says a bad one"
    # In the order in which they came, and told of once.
    assert store.taken == [name for name in names.split() if "bad" not in name]
    assert sum(commit.size for commit in commits) == len(store.taken)
    assert await writer.check() is None
    await writer.close()


async def test_one_among_many_costs_few_commits() -> None:
    store = Picky()
    writer = GroupCommitWriter(store)
    await writer.open()
    names = [f"m{number}" for number in range(1_000)]
    outcomes = await add_at_once(writer, *names[:700], "bad", *names[700:999])
    assert outcomes.count(AddOutcome.CREATED) == 999
    assert len(store.calls) <= 21  # of each half one, ten times, and the whole
    await writer.close()


async def test_a_duplicate_in_the_same_batch_stays_one() -> None:
    store = Picky()
    writer = GroupCommitWriter(store)
    await writer.open()
    outcomes = await add_at_once(writer, "a", "bad", "a", "b", "a")
    assert [o for o in outcomes if isinstance(o, AddOutcome)] == [
        AddOutcome.CREATED,
        AddOutcome.DUPLICATE,
        AddOutcome.CREATED,
        AddOutcome.DUPLICATE,
    ]
    await writer.close()


async def test_the_search_for_those_to_blame_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "_LONGEST_SEARCH", 0.0)
    store = Picky()
    writer = GroupCommitWriter(store)
    await writer.open()
    outcomes = await add_at_once(writer, "a", "bad", "b")
    assert all(isinstance(outcome, StorageUnavailable) for outcome in outcomes)
    assert store.calls == ["a bad b"]
    assert await add_at_once(writer, "a", "b") == [AddOutcome.CREATED] * 2
    await writer.close()


async def test_a_failure_of_the_store_ends_the_search_for_those_to_blame() -> None:
    class Failing(Picky):
        async def insert(self, batch: Sequence[Row]) -> list[AddOutcome]:
            outcomes = await super().insert(batch)
            if batch[0].message_id == "b":
                raise OSError("broken")
            return outcomes

    store = Failing()
    writer = GroupCommitWriter(store)
    await writer.open()
    outcomes = await add_at_once(writer, "a", "bad", "b", "c")
    assert outcomes[0] is AddOutcome.CREATED
    reasons = [str(outcome).removeprefix("the store says ") for outcome in outcomes[1:]]
    assert reasons == ["a bad one", "broken", "broken"]
    assert store.calls == ["a bad b c", "a bad", "a", "bad", "b c"]
    await writer.close()


async def test_those_that_wait_at_the_end_are_committed_though_one_is_not_taken() -> None:
    store = Picky()
    writer = GroupCommitWriter(store, max_batch=3)
    await writer.open()
    adding = asyncio.create_task(add_at_once(writer, "a", "bad", "b", "c"))
    for _ in range(2):  # then all four wait
        await asyncio.sleep(0)
    await writer.close()
    told = [isinstance(outcome, AddOutcome) for outcome in await adding]
    assert told == [True, False, True, True]
    assert store.taken == ["a", "b", "c"]
    assert store.calls[-1] == "close"
