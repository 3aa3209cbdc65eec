"""Waiting for what must come."""

import time
from collections.abc import Callable

__all__ = ["wait_until"]

_HANGS = 120.0


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + _HANGS
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)  # polling, up to the deadline
