"""Tasks that work when they are woken, outlive failures, and finish their step before they end."""

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable

__all__ = ["Background", "LogFollower"]

PATIENCE = 1.0
"""How long to wait after a failure before the next attempt, in seconds."""
IDLE = 0.05
"""After so many seconds without a commit, whatever is new is folded."""

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


class LogFollower(ABC):
    """Folds the log into what follows it, in bulk, in a task of its own, for one event loop.

    Args:
        long_tail: So many new messages are folded even while others come.
    """

    def __init__(self, long_tail: int) -> None:
        self._background = Background("projections fall behind", self._follow)
        self._long_tail = long_tail
        self._behind = 0
        self._idle_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @abstractmethod
    async def fold_all(self) -> None:
        """Fold what is there.

        Raises:
            StorageUnavailable: The database cannot be written.
        """

    async def close(self) -> None:
        """End after the present step. What is not folded stays in the log."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        await self._background.close()

    def note_commit(self, messages: int) -> None:
        """Take notice of a commit.

        Args:
            messages: How many it added.
        """
        loop = asyncio.get_running_loop()
        self._idle_at = loop.time() + IDLE
        self._behind += messages
        if self._behind >= self._long_tail:
            self._background.wake()
        elif self._behind and self._timer is None:
            self._timer = loop.call_at(self._idle_at, self._wake_if_idle)

    def _wake_if_idle(self) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() < self._idle_at:
            self._timer = loop.call_at(self._idle_at, self._wake_if_idle)
        else:
            self._timer = None
            self._background.wake()

    async def _follow(self) -> None:
        self._behind = 0
        await self.fold_all()
