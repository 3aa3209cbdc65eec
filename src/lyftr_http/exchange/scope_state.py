"""What a connection and the answer to one of its requests let each other know.

It lies in the state of the request's scope, which both have.
"""

from litestar.types import HTTPScope

__all__ = [
    "is_endless",
    "mark_as_cut_off",
    "mark_as_endless",
    "mark_as_slow",
    "was_cut_off",
    "was_slow",
]

_ENDLESS = "lyftr_endless_answer"
_SLOW = "lyftr_slow_client"
_CUT_OFF = "lyftr_body_cut_off"


def mark_as_endless(scope: HTTPScope) -> None:
    """Let the connection know that its client can do without the rest of this answer."""
    scope["state"][_ENDLESS] = True


def is_endless(scope: HTTPScope) -> bool:
    """Tell whether the client can do without the rest of the answer."""
    return _ENDLESS in scope["state"]


def mark_as_slow(scope: HTTPScope) -> None:
    """Let the answer know that its client has taken nothing for too long."""
    scope["state"][_SLOW] = True


def was_slow(scope: HTTPScope) -> bool:
    """Tell whether the connection was given up since its client took nothing."""
    return _SLOW in scope["state"]


def mark_as_cut_off(scope: HTTPScope) -> None:
    """Let `read_body` know that no more of a body is waited for."""
    scope["state"][_CUT_OFF] = True


def was_cut_off(scope: HTTPScope) -> bool:
    """Tell whether no more of a body is waited for."""
    return _CUT_OFF in scope["state"]
