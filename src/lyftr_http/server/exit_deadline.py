"""The end of a process that was told to end and does not."""

import os
import select
import sys
import threading
import time

__all__ = ["ExitDeadline"]

_LATE = 1
"""The exit status of a process that did not end by itself."""


class ExitDeadline:
    """Ends the process so many seconds after it was begun, whatever is stuck.

    Its thread starts now: a signal handler, which begins it, must not start one.

    Args:
        seconds: How long the process may take to end.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._begun = threading.Event()
        self._end: float | None = None
        threading.Thread(target=self._wait, name="lyftr-exit", daemon=True).start()

    def begin(self) -> None:
        """Count from now. A second call does nothing."""
        if self._end is None:
            self._end = time.monotonic() + self._seconds
            self._begun.set()

    def left(self) -> float:
        """Return how many seconds are left, all of them before it was begun."""
        return self._seconds if self._end is None else max(self._end - time.monotonic(), 0)

    def _wait(self) -> None:
        self._begun.wait()
        time.sleep(self._seconds)  # a thread that has nothing else to do
        try:
            self._say_so()
        finally:
            os._exit(_LATE)  # whatever standard error is

    def _say_so(self) -> None:
        line = f"lyftr: not closed after {self._seconds:g} s, ending all the same\n"
        # Where nobody takes it, to say it would be one more thing to be stuck in.
        if select.select([], [sys.stderr], [], 0)[1]:
            os.write(sys.stderr.fileno(), line.encode())
