"""Anyone may ask for readiness: what that costs is one check at a time, however it ends."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from lyftr_core import AddOutcome, StorageUnavailable
from lyftr_sql.group_commit import GroupCommitWriter
from lyftr_sql.rows import Row
from lyftr_sql.store import StoreProbe

ASKERS = 20


class Store:
    """Answers a check when a test lets it, and counts them."""

    def __init__(self) -> None:
        self.checks = 0
        self.began = asyncio.Event()
        self.goes_on = asyncio.Event()
        self.failure: Exception | None = None

    async def insert(self, batch: Sequence[Row]) -> list[AddOutcome]:
        return [AddOutcome.CREATED] * len(batch)

    async def check(self) -> None:
        self.checks += 1
        self.began.set()
        await self.goes_on.wait()
        if self.failure:
            raise self.failure

    async def close(self) -> None:
        """Nothing is open."""

    def holds_up_others(self, _failure: Exception) -> bool:
        return False

    def reason(self, failure: Exception) -> str:
        return str(failure)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
async def probe(store: Store) -> AsyncIterator[StoreProbe]:
    async def read() -> None:
        """Nothing is to be read."""

    writer = GroupCommitWriter(store)
    await writer.open()
    yield StoreProbe(read, writer)
    await writer.close()


async def ask(probe: StoreProbe, store: Store) -> list[asyncio.Task[str | None]]:
    """Have many ask, and return when the store is asked."""
    asking = [asyncio.create_task(probe.check()) for _ in range(ASKERS)]
    await store.began.wait()
    return asking


@pytest.mark.parametrize("failure", [None, StorageUnavailable("locked")])
async def test_however_many_ask_at_once_one_check_answers_all(
    probe: StoreProbe, store: Store, failure: Exception | None
) -> None:
    store.failure = failure
    asking = await ask(probe, store)
    store.goes_on.set()
    assert set(await asyncio.gather(*asking)) == {failure and "cannot commit"}
    assert store.checks == 1


async def test_an_asker_that_goes_away_leaves_the_check_to_the_others(
    probe: StoreProbe, store: Store
) -> None:
    first, *others = await ask(probe, store)
    first.cancel()
    await asyncio.wait([first])
    store.goes_on.set()
    assert set(await asyncio.gather(*others)) == {None}
    assert store.checks == 1


async def test_who_asks_after_a_check_has_another(probe: StoreProbe, store: Store) -> None:
    store.goes_on.set()
    store.failure = StorageUnavailable("locked")
    assert await probe.check() == "cannot commit"
    store.failure = None
    assert await probe.check() is None
    assert store.checks == 2


async def test_a_check_that_hangs_is_no_answer_to_anyone_and_not_begun_again(
    probe: StoreProbe, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lyftr_sql.store.LONGEST", 0.01)
    assert [await probe.check() for _ in range(3)] == ["not answering"] * 3
    assert store.checks == 1
    store.goes_on.set()
    assert await probe.check() is None


async def test_closing_gives_up_a_check_that_hangs(probe: StoreProbe, store: Store) -> None:
    asking = await ask(probe, store)
    await probe.close()
    assert set(await asyncio.gather(*asking)) == {"closed"}
    await probe.close()


async def test_an_error_in_a_check_is_every_askers_and_not_kept(
    probe: StoreProbe, store: Store
) -> None:
    store.failure = ZeroDivisionError()
    asking = await ask(probe, store)
    store.goes_on.set()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert {type(answer) for answer in answers} == {ZeroDivisionError}
    store.failure = None
    assert await probe.check() is None
