"""A task that works when it is woken, outlives failures, and finishes its step before it ends."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

__all__ = ["Background", "FoldingTrigger"]


class FoldingTrigger:
    """Wakes whoever folds. It is used in one event loop.

    Args:
        wake: Wakes them.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._behind = 0
        self._idle_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def note_commit(self, messages: int, *, long_tail: int, idle: float) -> None:
        """Take notice of a commit.

        Args:
            messages: How many it added.
            long_tail: So many new messages are folded even while others come.
            idle: After so many seconds without a commit whatever is new is folded.
        """
        loop = asyncio.get_running_loop()
        self._idle_at = loop.time() + idle
        self._behind += messages
        if self._behind >= long_tail:
            self._wake()
        elif self._behind and self._timer is None:
            self._timer = loop.call_at(self._idle_at, self._wake_if_idle)

    def note_folding(self) -> None:
        """Take notice that whatever is new is being folded."""
        self._behind = 0

    def stop(self) -> None:
        """Wake nobody any more, until the next commit."""
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _wake_if_idle(self) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() < self._idle_at:
            self._timer = loop.call_at(self._idle_at, self._wake_if_idle)
        else:
            self._timer = None
            self._wake()


PATIENCE = 1.0
"""How long to wait after a failure before the next attempt, in seconds."""

_log = logging.getLogger("lyftr_sql.background")


class Background:
    """Runs some work again and again, for one event loop.

    Args:
        name: What to call it in the log.
        work: Done once for each time of waking. What it raises is logged, and it is tried again.
    """

    def __init__(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        self._name = name
        self._work = work
        self._woken = asyncio.Event()
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._failure = ""

    @property
    def closing(self) -> bool:
        """Whether the work should come to its end."""
        return self._closing.is_set()

    async def open(self) -> None:
        """Begin to wait for being woken, for the first time or again after `close`."""
        if self._task and not self._task.done():
            return
        self._woken, self._closing = asyncio.Event(), asyncio.Event()
        self._task = asyncio.create_task(self._run(), name=self._name)

    def wake(self) -> None:
        """Have the work done, now or once more after what is being done."""
        self._woken.set()

    async def pause(self, seconds: float) -> None:
        """Wait, but not beyond the closing."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()

    async def close(self) -> None:
        """Let the present work finish, and end. A second call does nothing."""
        self._closing.set()
        self._woken.set()
        if self._task:
            await asyncio.shield(self._task)

    async def _run(self) -> None:
        while True:
            await self._woken.wait()
            if self.closing:
                return
            self._woken.clear()
            if not await self._try():
                await self.pause(PATIENCE)
                self._woken.set()

    async def _try(self) -> bool:
        try:
            await self._work()
        except Exception as exc:  # noqa: BLE001 - it is logged, and webhooks must go on
            self._report(str(exc))
            return False
        self._failure = ""
        return True

    def _report(self, failure: str) -> None:
        """Log a failure once, not at every attempt."""
        if failure != self._failure:
            _log.warning("%s: %s", self._name, failure)
        self._failure = failure
