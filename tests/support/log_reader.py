"""A program that follows the log by `after=`, as a consumer of messages does."""

import threading
import time
from typing import Self

import httpx

__all__ = ["LogReader"]

_HANGS = 180.0
"""How long to wait for what must come, in seconds."""
_PAUSE = 0.05
"""Before it asks again, where there was nothing new or no answer, in seconds."""


class LogReader:
    """Asks one server for what is new, again and again, in a thread of its own.

    Args:
        port: The server's, on the loopback address; it may be down at times.

    Attributes:
        received: The identifiers of all messages that came, in order.
        failures: How many requests had no answer, or not that of 200.
    """

    def __init__(self, port: int) -> None:
        self.received: list[str] = []
        self.failures = 0
        self._url = f"http://127.0.0.1:{port}/messages"
        self._after = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(_HANGS)

    def wait_for(self, messages: int) -> None:
        """Wait until so many messages have come in all."""
        deadline = time.monotonic() + _HANGS
        while len(self.received) < messages:
            assert time.monotonic() < deadline, f"{len(self.received)} of {messages} have come"
            assert self._thread.is_alive(), "the reader has failed"
            time.sleep(0.02)  # polling, up to the deadline

    def _run(self) -> None:
        with httpx.Client(timeout=_HANGS) as client:
            while not self._stopping.is_set():
                if not self._ask(client):
                    self._stopping.wait(_PAUSE)

    def _ask(self, client: httpx.Client) -> bool:
        """Take one run of the log, and return whether there is more."""
        try:
            answer = client.get(self._url, params={"after": self._after, "limit": 100})
        except httpx.TransportError:
            self.failures += 1
            return False
        if answer.status_code != httpx.codes.OK:
            self.failures += 1
            return False
        run = answer.json()
        self.received += [item["message_id"] for item in run["items"]]
        self._after = run["next_after"]
        return bool(run["has_more"])
