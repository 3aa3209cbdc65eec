"""A rendering is shared by all who asked before it started, and by nobody who asked later."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from lyftr_http.shared_rendering import SharedRendering

_PATIENCE = 10.0
_INTERVAL = 0.05


class Renderer:
    """Gives the number of the rendering, as soon as it is let; notes when each began."""

    def __init__(self) -> None:
        self.begun: list[float] = []
        self.let = threading.Event()
        self.at_work = 0
        self.fault: Exception | None = None

    def __call__(self) -> bytes:
        self.begun.append(time.monotonic())
        number = len(self.begun)
        self.at_work += 1
        assert self.at_work == 1
        assert self.let.wait(_PATIENCE)
        self.at_work -= 1
        if self.fault:
            raise self.fault
        return b"%d" % number


@pytest.fixture
def renderer() -> Iterator[Renderer]:
    made = Renderer()
    yield made
    made.let.set()


@pytest.fixture
def shared(renderer: Renderer) -> SharedRendering:
    return SharedRendering(renderer, _INTERVAL)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE):
        while not condition():  # noqa: ASYNC110 - a thread makes it true
            await asyncio.sleep(0.001)


async def ask(shared: SharedRendering, count: int) -> list[asyncio.Task[bytes]]:
    tasks = [asyncio.create_task(shared()) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


async def test_who_asks_during_a_rendering_shares_the_next_with_all_who_do(
    shared: SharedRendering, renderer: Renderer
) -> None:
    first = await ask(shared, 3)
    await until(lambda: len(renderer.begun) == 1)
    second = await ask(shared, 20)  # the loop goes on meanwhile
    renderer.let.set()
    assert await asyncio.gather(*first) == [b"1"] * 3
    assert await asyncio.gather(*second) == [b"2"] * 20
    assert await shared() == b"3"
    assert len(renderer.begun) == 3


async def test_renderings_start_at_least_an_interval_apart(
    shared: SharedRendering, renderer: Renderer
) -> None:
    renderer.let.set()
    for _ in range(4):
        await shared()
    gaps = [b - a for a, b in zip(renderer.begun, renderer.begun[1:], strict=False)]
    assert min(gaps) >= _INTERVAL * 0.8  # a thread may begin a little late


async def test_who_goes_away_takes_the_rendering_from_nobody(
    shared: SharedRendering, renderer: Renderer
) -> None:
    gone, stays = await ask(shared, 2)
    await until(lambda: len(renderer.begun) == 1)
    gone.cancel()
    with suppress(asyncio.CancelledError):
        await gone
    renderer.let.set()
    assert await stays == b"1"


async def test_an_error_reaches_all_who_share_the_rendering_and_none_later(
    shared: SharedRendering, renderer: Renderer
) -> None:
    tasks = await ask(shared, 3)
    await until(lambda: len(renderer.begun) == 1)
    renderer.fault = OSError("too many open files")
    renderer.let.set()
    assert await asyncio.gather(*tasks, return_exceptions=True) == [renderer.fault] * 3
    renderer.fault = None
    assert await shared() == b"2"


async def test_an_error_that_nobody_waits_for_is_not_complained_of(
    shared: SharedRendering, renderer: Renderer
) -> None:
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    (gone,) = await ask(shared, 1)
    await until(lambda: len(renderer.begun) == 1)
    gone.cancel()
    renderer.fault = OSError("too many open files")
    renderer.let.set()
    await until(lambda: renderer.at_work == 0)
    renderer.fault = None
    assert await shared() == b"2"
    assert complaints == []


async def test_to_close_it_waits_for_no_rendering_and_leaves_no_task(
    shared: SharedRendering, renderer: Renderer
) -> None:
    tasks = await ask(shared, 1)
    await until(lambda: len(renderer.begun) == 1)
    tasks += await ask(shared, 1)
    async with asyncio.timeout(_PATIENCE / 2):
        await shared.close()
    for task in tasks:
        with pytest.raises(asyncio.CancelledError):
            await task
    assert asyncio.all_tasks() == {asyncio.current_task()}
    renderer.let.set()


def test_a_second_event_loop_finds_nothing_of_the_first(
    shared: SharedRendering, renderer: Renderer
) -> None:
    async def ask_and_leave() -> None:
        await ask(shared, 2)
        await until(lambda: len(renderer.begun) == 1)
        await ask(shared, 2)
        renderer.let.set()

    asyncio.run(ask_and_leave())
    assert asyncio.run(shared()) == b"2"
