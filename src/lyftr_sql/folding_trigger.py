"""When to fold the log: once much is new, or once nothing has come for a moment."""

import asyncio
from collections.abc import Callable

__all__ = ["FoldingTrigger"]


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
