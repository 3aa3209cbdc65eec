"""Removing messages that have been kept for long enough, while the server runs."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from datetime import timedelta
from pathlib import Path

import structlog

from lyftr_core import Clock, LyftrError, Removal, RemoveMessages
from lyftr_runtime.background import background
from lyftr_runtime.file_lock import try_lock

__all__ = ["Retention"]

INTERVAL = 24 * 60 * 60.0
"""From the end of one removal to the beginning of the next, in seconds."""
AFTER_FAILURE = 60.0
"""The same after one that failed."""
_NOT_REMOVED = "old messages are not removed"


class Retention:
    """Removes old messages at the start, and once a day.

    Args:
        remove: Does it.
        days: How long messages are kept, from 1.
        clock: Tells the time.
        log: Told how many went, and what went wrong.
        on_removed: Told how many each step removed.
    """

    def __init__(
        self,
        remove: RemoveMessages,
        days: int,
        clock: Clock,
        log: structlog.typing.FilteringBoundLogger,
        on_removed: Callable[[int], None],
    ) -> None:
        self._remove = remove
        self._age = timedelta(days=days)
        self._clock = clock
        self._log = log
        self._on_removed = on_removed

    def running(self, directory: str | None = None) -> AbstractAsyncContextManager[None]:
        """Remove in a task of its own while the context is entered; at its end, stop at once.

        Args:
            directory: As for `remove_old`.
        """
        return background(self._run(directory), "retention")

    async def remove_old(self, directory: str | None = None) -> int:
        """Remove what is old now, unless another process is about it.

        Args:
            directory: What the processes of one server share. `None` where there is one.

        Returns:
            How many messages were removed.

        Raises:
            StorageUnavailable: Some may have been.
        """
        with _alone(directory) as alone:
            return await self._remove_alone() if alone else 0

    async def _run(self, directory: str | None) -> None:
        while True:
            try:
                await self.remove_old(directory)
            except LyftrError as exc:
                self._log.warning(_NOT_REMOVED, error=str(exc))
                await asyncio.sleep(AFTER_FAILURE)
            except Exception:  # noqa: BLE001 - nobody waits for this task, and would hear of it
                self._log.exception(_NOT_REMOVED)
                await asyncio.sleep(AFTER_FAILURE)
            else:
                await asyncio.sleep(INTERVAL)

    async def _remove_alone(self) -> int:
        began = time.monotonic()
        removal = Removal(received_before=self._clock() - self._age)
        removed = await self._remove(removal, lambda step: self._on_removed(step.removed))
        if not await self._remove.scrub():  # what an interrupted removal has left, too
            self._log.warning("the write-ahead log may still hold removed messages")
        if removed:
            seconds = round(time.monotonic() - began, 1)
            self._log.info("old messages removed", messages=removed, seconds=seconds)
        return removed


@contextmanager
def _alone(directory: str | None) -> Iterator[bool]:
    """Take a lock while the context is entered, if nobody has it; do not wait for it."""
    if directory is None:
        yield True
        return
    with Path(directory, "retention.lock").open("ab") as file:
        yield try_lock(file)
