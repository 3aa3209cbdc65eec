"""When the next request may go out: so many a second, and none while the receiver asks to wait."""

import threading
import time

__all__ = ["RateLimiter"]


class RateLimiter:
    """Shared by all that send. A call that waits ends early when the run is stopped.

    Args:
        rate: At most how many requests a second; `None` for as many as there are.
        stop: Set when nothing more is to be sent.
    """

    def __init__(self, rate: float | None, stop: threading.Event) -> None:
        self._between = 1 / rate if rate else 0.0
        self._stop = stop
        self._lock = threading.Lock()
        self._next = 0.0
        self._not_before = 0.0

    def wait_for_turn(self) -> bool:
        """Wait until a request may go out; tell whether it still may."""
        while True:
            with self._lock:
                now = time.monotonic()
                at = max(self._next, self._not_before)
                if at <= now:
                    # What came a little late does not slow down the next.
                    is_late = now - self._next < self._between
                    self._next = (self._next if is_late else now) + self._between
                    return not self._stop.is_set()
            if self._stop.wait(at - now):
                return False

    def hold_all(self, seconds: float) -> None:
        """Let nothing go out for so many seconds, as the receiver asked."""
        with self._lock:
            self._not_before = max(self._not_before, time.monotonic() + seconds)

    def sleep(self, seconds: float) -> bool:
        """Wait; tell whether to go on."""
        return not self._stop.wait(seconds)
