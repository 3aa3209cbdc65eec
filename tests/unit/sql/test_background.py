"""Work beside the webhooks: woken, never lost, never fatal, and finished before the end."""

import asyncio
import logging

import pytest

from lyftr_sql.background import Background


class Work:
    """Does what a test tells it, and remembers how often."""

    def __init__(self) -> None:
        self.begun = asyncio.Semaphore(0)
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.failure: Exception | None = None
        self.done = 0

    async def __call__(self) -> None:
        self.begun.release()
        await self.may_end.wait()
        if self.failure:
            raise self.failure
        self.done += 1


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def background(work: Work, monkeypatch: pytest.MonkeyPatch) -> Background:
    monkeypatch.setattr("lyftr_sql.background.PATIENCE", 0.001)
    return Background("some work", work)


async def test_nothing_is_done_before_it_is_woken(background: Background, work: Work) -> None:
    await background.open()
    await asyncio.sleep(0)
    await background.close()
    assert work.done == 0


async def test_to_be_woken_meanwhile_is_to_do_it_once_more(
    background: Background, work: Work
) -> None:
    work.may_end.clear()
    await background.open()
    background.wake()
    await work.begun.acquire()
    for _ in range(5):
        background.wake()
    work.may_end.set()
    await work.begun.acquire()
    await asyncio.sleep(0)
    assert work.begun.locked()
    assert work.done == 2
    await background.close()


async def test_closing_waits_for_the_present_work_and_begins_none(
    background: Background, work: Work
) -> None:
    work.may_end.clear()
    await background.open()
    background.wake()
    await work.begun.acquire()
    background.wake()
    closing = asyncio.create_task(background.close())
    await asyncio.sleep(0)
    assert background.closing
    assert not closing.done()
    work.may_end.set()
    await closing
    assert work.done == 1
    await background.close()


async def test_who_gives_up_waiting_for_the_end_leaves_the_work_to_finish(
    background: Background, work: Work
) -> None:
    work.may_end.clear()
    await background.open()
    background.wake()
    await work.begun.acquire()
    closing = asyncio.create_task(background.close())
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    work.may_end.set()
    await background.close()
    assert work.done == 1


async def test_a_failure_is_tried_again_and_logged_once(
    background: Background, work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    work.failure = LookupError("out of order")
    await background.open()
    background.wake()
    for _ in range(5):
        await work.begun.acquire()
    assert caplog.messages == ["some work: out of order"]
    assert caplog.records[0].levelno == logging.WARNING
    work.failure = None
    await work.begun.acquire()
    await background.close()
    assert work.done > 0


async def test_another_failure_and_one_after_a_success_are_logged_too(
    background: Background, work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    await background.open()
    for failure in (LookupError("one"), LookupError("two"), None, LookupError("two")):
        work.failure = failure
        background.wake()
        for _ in range(3):
            await work.begun.acquire()
            background.wake()
    await background.close()
    assert caplog.messages == ["some work: one", "some work: two", "some work: two"]


async def test_closing_does_not_wait_for_another_attempt(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lyftr_sql.background.PATIENCE", 1_000)
    background = Background("some work", work)
    work.failure = LookupError("out of order")
    await background.open()
    background.wake()
    await work.begun.acquire()
    async with asyncio.timeout(30):
        await background.close()


async def test_it_can_be_opened_again(background: Background, work: Work) -> None:
    for count in (1, 2):
        await background.open()
        background.wake()
        await work.begun.acquire()
        await background.close()
        assert work.done == count
