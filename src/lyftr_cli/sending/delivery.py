"""One message on its way: signed anew for each try, until it is taken, refused or given up."""

import json
import random
from collections.abc import Callable
from enum import Enum, auto

import msgspec

from lyftr_cli.sending.http_sender import HttpSender, Response
from lyftr_cli.sending.messages import Outgoing
from lyftr_cli.sending.rate_limit import RateLimiter
from lyftr_core import RequestSigner, SignedRequest

__all__ = [
    "Delivery",
    "DeliveryOutcome",
    "deliver",
    "is_taken",
    "is_worth_another_try",
    "pause_before",
]

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


def is_taken(answer: Response) -> bool:
    """Tell whether the receiver has taken the message."""
    return answer.status in _OK


def is_worth_another_try(answer: Response) -> bool:
    """Tell whether the same request may be taken later."""
    status = answer.status
    return (
        status is None
        or status in _PASSING
        or (status in _SERVER_FAULTS and status not in _FOREVER)
    )


def pause_before(
    retry: int,
    answer: Response,
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


_OF_THE_MESSAGE = {400, 409, 413, 415, 422}
"""With what a receiver refuses one message; what else it says holds for the others too."""
_LONGEST_WAIT = 600.0
"""In seconds: a receiver that asks to come again later than that is not waited for."""
_SHOWN = 200


class DeliveryOutcome(Enum):
    """What became of a message."""

    TAKEN = auto()
    REFUSED = auto()
    """Others may fare better."""
    HOPELESS = auto()
    """Nor would the next be taken: no answer, a wrong secret, a wrong address."""
    NOT_SENT = auto()
    """The run was stopped before an answer came."""


class Delivery(msgspec.Struct, frozen=True):
    """What became of a message.

    Attributes:
        message: The message.
        outcome: What became of it.
        retries: How many tries there were after the first.
        reason: Why it was not taken.
    """

    message: Outgoing
    outcome: DeliveryOutcome
    retries: int = 0
    reason: str = ""


def deliver(
    message: Outgoing, sender: HttpSender, signer: RequestSigner, limiter: RateLimiter, retries: int
) -> Delivery:
    """Deliver a message, and again where that may help: a second delivery changes nothing.

    Args:
        message: What to send.
        sender: Sends it.
        signer: Signs it, each time anew, as a signature may hold for some minutes only.
        limiter: Says when.
        retries: At most how many tries after the first.
    """
    if message.fault:
        return Delivery(message, DeliveryOutcome.REFUSED, 0, message.fault)
    retry = 0
    while limiter.wait_for_turn():
        headers = signer.signature_headers(message.body)
        answer = sender.send(SignedRequest.from_text(headers, message.body))
        if is_taken(answer):
            return Delivery(message, DeliveryOutcome.TAKEN, retry)
        if retry == retries or not is_worth_another_try(answer) or _asks_too_much(answer):
            outcome = (
                DeliveryOutcome.REFUSED
                if answer.status in _OF_THE_MESSAGE
                else DeliveryOutcome.HOPELESS
            )
            return Delivery(message, outcome, retry, _reason(answer))
        if not _wait(limiter, pause_before(retry + 1, answer), answer):
            break
        retry += 1
    return Delivery(message, DeliveryOutcome.NOT_SENT, retry)


def _wait(limiter: RateLimiter, seconds: float, answer: Response) -> bool:
    """Wait alone, or have all wait where the receiver asks for it."""
    if answer.retry_after is None:
        return limiter.sleep(seconds)
    limiter.hold_all(seconds)
    return True


def _asks_too_much(answer: Response) -> bool:
    return answer.retry_after is not None and answer.retry_after > _LONGEST_WAIT


def _reason(answer: Response) -> str:
    if answer.status is None:
        return f"no answer: {answer.failure}"
    asked = f", come again in {answer.retry_after:.0f} s" if _asks_too_much(answer) else ""
    said = _said(answer.body)
    return f"{answer.status}{asked}{f': {said}' if said else ''}"


def _said(body: bytes) -> str:
    """Return what an answer says, if it says it as lyftr does."""
    try:
        match json.loads(body):
            case {"detail": str(detail)}:
                return detail[:_SHOWN]
            case {"detail": list(faults)}:
                return "; ".join(map(_fault, faults))[:_SHOWN]
    except (ValueError, RecursionError):
        pass
    return ""


def _fault(item: object) -> str:
    match item:
        case {"loc": [_, str(field), *_], "msg": str(msg)}:
            return f"{field}: {msg}"
        case {"msg": str(msg)}:
            return msg
    return "?"
