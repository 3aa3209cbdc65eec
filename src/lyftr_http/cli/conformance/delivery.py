"""Sends a case to the receiver, with some patience."""

import time
from collections.abc import Callable

from lyftr_core import SignedRequest
from lyftr_http.cli.http_sender import Answer, HttpSender

__all__ = ["TRY_LATER", "Receiver"]

TRY_LATER = {429, 503}
"""How a receiver asks for patience."""
_TRIES = 4
_USUAL_PAUSE = 1.0
_LONGEST_PAUSE = 5.0
"""In seconds: how long a receiver that asks for patience is given, at most."""


class Receiver:
    """Takes webhooks at an address, each on a connection of its own.

    Args:
        url: `http` or `https`, with a host.
        timeout: How many seconds each answer may take, from connecting to its last byte.
        sleep: Waits so many seconds.

    Raises:
        ValueError: The address is another one.
    """

    def __init__(
        self, url: str, *, timeout: float, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._sender = HttpSender(url, timeout=timeout)
        self._sleep = sleep

    def send(self, request: SignedRequest, method: str = "POST") -> Answer:
        """Send a request, and again where the receiver asks for patience (429, 503).

        Never raises for what the receiver does: no answer is an answer too.
        """
        for _ in range(_TRIES - 1):
            answer = self._sender.send(request, method)
            if answer.status not in TRY_LATER:
                return answer
            pause = _USUAL_PAUSE if answer.retry_after is None else answer.retry_after
            self._sleep(min(pause, _LONGEST_PAUSE))
        return self._sender.send(request, method)
