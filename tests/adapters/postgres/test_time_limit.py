"""Nobody waits for work that hangs, though it does not end when it is told to."""

import asyncio

import pytest

from lyftr_postgres.connection.reading import TimeLimit

_HANGS = 60.0


@pytest.fixture(autouse=True)
def _short_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lyftr_postgres.connection.reading.LAST_WORDS", 0.01)


class _Stubborn:
    """Goes on after it was cancelled, until the server says something."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.server_says_something = asyncio.Event()
        self.ended = asyncio.Event()

    async def __call__(self) -> str:
        self.begun.set()
        try:
            await asyncio.sleep(_HANGS)
        finally:
            await self.server_says_something.wait()
            self.ended.set()
        return "in time"


async def test_what_hangs_is_given_up_and_ends_by_itself() -> None:
    work = _Stubborn()
    limit = TimeLimit(0.01)
    async with asyncio.timeout(_HANGS):
        with pytest.raises(TimeoutError, match=r"it takes longer than 0\.01 s"):
            await limit.run(work())
        assert not work.ended.is_set()
        work.server_says_something.set()
        await work.ended.wait()


async def test_a_caller_that_is_cancelled_does_not_wait_for_it_either() -> None:
    work = _Stubborn()
    caller = asyncio.create_task(TimeLimit(_HANGS).run(work()))
    async with asyncio.timeout(_HANGS):
        await work.begun.wait()
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        assert not work.ended.is_set()
        work.server_says_something.set()
        await work.ended.wait()


async def test_what_comes_in_time_is_given_back_and_so_is_what_fails() -> None:
    async def give() -> str:
        await asyncio.sleep(0)
        return "in time"

    async def fail() -> None:
        await asyncio.sleep(0)
        raise ValueError("not this one")

    limit = TimeLimit(_HANGS)
    assert await limit.run(give()) == "in time"
    with pytest.raises(ValueError, match="not this one"):
        await limit.run(fail())
