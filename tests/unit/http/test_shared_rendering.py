"""A rendering is shared by all who asked before it started, and by nobody who asked later."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from lyftr_http.observability import shared_rendering
from lyftr_http.observability.shared_rendering import SharedRendering

_PATIENCE = 120.0
_INTERVAL = 0.05


class Renderer:
    """Gives the number of the rendering, as soon as it is let."""

    def __init__(self) -> None:
        self.begun = 0
        self.let = threading.Event()
        self.at_work = 0
        self.fault: Exception | None = None

    def __call__(self) -> bytes:
        self.begun += 1
        number = self.begun
        self.at_work += 1
        assert self.at_work == 1
        assert self.let.wait(_PATIENCE)
        self.at_work -= 1
        if self.fault:
            raise self.fault
        return b"%d" % number


class Clock:
    """Stands still except in sleep."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += max(0, seconds)


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
    await until(lambda: renderer.begun == 1)
    second = await ask(shared, 20)  # the loop goes on meanwhile
    renderer.let.set()
    assert await asyncio.gather(*first) == [b"1"] * 3
    assert await asyncio.gather(*second) == [b"2"] * 20
    assert await shared() == b"3"
    assert renderer.begun == 3


async def test_renderings_start_at_least_an_interval_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(shared_rendering, "time", clock)
    monkeypatch.setattr(asyncio, "sleep", clock.sleep)
    durations = iter([1, 3, 6, 1, 1])
    begun = []

    def render() -> bytes:
        begun.append(clock.now)
        clock.now += next(durations)
        return b""

    shared = SharedRendering(render, interval=4)
    for _ in range(4):
        await shared()
    clock.now += 10  # nobody asks
    await shared()
    assert begun == [0, 4, 8, 14, 25]


async def test_who_goes_away_takes_the_rendering_from_nobody(
    shared: SharedRendering, renderer: Renderer
) -> None:
    gone, stays = await ask(shared, 2)
    await until(lambda: renderer.begun == 1)
    gone.cancel()
    with suppress(asyncio.CancelledError):
        await gone
    renderer.let.set()
    assert await stays == b"1"


async def test_an_error_reaches_all_who_share_the_rendering_and_none_later(
    shared: SharedRendering, renderer: Renderer
) -> None:
    tasks = await ask(shared, 3)
    await until(lambda: renderer.begun == 1)
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
    await until(lambda: renderer.begun == 1)
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
    await until(lambda: renderer.begun == 1)
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
        await until(lambda: renderer.begun == 1)
        await ask(shared, 2)
        renderer.let.set()

    asyncio.run(ask_and_leave())
    assert asyncio.run(shared()) == b"2"
