"""Which answers are worth another try, and after how long."""

import random
from collections.abc import Callable

from lyftr_http.cli.http_sender import Answer

__all__ = ["is_taken", "is_worth_another_try", "pause_before"]

_OK = range(200, 300)
_SERVER_FAULTS = range(500, 600)
_FOREVER = {501, 505}
"""Server faults that stay: not implemented, and another version of HTTP."""
_PASSING = {408, 425, 429}
"""A time-out, too early, too many requests."""
_FIRST = 0.5
_LONGEST = 30.0
"""In seconds: the pause doubles from the one to the other."""
_SPREAD = 0.1
_CHANCE = random.SystemRandom()


def is_taken(answer: Answer) -> bool:
    """Tell whether the receiver has taken the message."""
    return answer.status in _OK


def is_worth_another_try(answer: Answer) -> bool:
    """Tell whether the same request may be taken later."""
    status = answer.status
    return (
        status is None
        or status in _PASSING
        or (status in _SERVER_FAULTS and status not in _FOREVER)
    )


def pause_before(
    retry: int,
    answer: Answer,
    uniform: Callable[[float, float], float] = _CHANCE.uniform,
) -> float:
    """Return how many seconds to wait before another try.

    Args:
        retry: Which one it will be, from 1.
        answer: What came last. What it says in `Retry-After` is the least, and a tenth at most
            is added; else the pause doubles from retry to retry, and half of it is left to chance.
        uniform: Chooses between two numbers, so that not all senders come again at once.
    """
    if answer.retry_after is not None:
        return answer.retry_after + uniform(0.0, _SPREAD * max(answer.retry_after, 1.0))
    whole = min(_FIRST * 2.0 ** min(retry - 1, 16), _LONGEST)
    return uniform(whole / 2, whole)
