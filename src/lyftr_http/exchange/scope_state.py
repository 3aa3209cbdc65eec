"""What the server's connections and the application tell each other.

It lies in the state of the lifespan, which the server hands to every connection, and in the state
of each request's scope. Every key is named here only.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from litestar.types import HTTPScope, Scope

from lyftr_http.exchange.record import RequestRecord

__all__ = [
    "ConnectionPolicy",
    "attach_record",
    "is_endless",
    "mark_as_cut_off",
    "mark_as_endless",
    "mark_as_slow",
    "request_record",
    "was_cut_off",
    "was_slow",
]

_RECORD = "lyftr_record"
_ENDLESS = "lyftr_endless_answer"
_SLOW = "lyftr_slow_client"
_CUT_OFF = "lyftr_body_cut_off"
_CONNECTIONS = "lyftr_connections"


class ConnectionPolicy(NamedTuple):
    """How the server treats its connections.

    Attributes:
        request_timeout: How long a request may take to arrive, and how long a client may leave an
            answer unread, in seconds.
        note: Receives the record of each request that never reached the application.
    """

    request_timeout: float
    note: Callable[[RequestRecord], None]

    def put(self, state: dict[str, Any]) -> None:
        """Put it into the state of a lifespan."""
        state[_CONNECTIONS] = self

    @classmethod
    def find(cls, state: Mapping[str, Any]) -> "ConnectionPolicy":
        """Return the policy in the state, or the default of an application without one."""
        found: ConnectionPolicy = state.get(_CONNECTIONS, _DEFAULT)
        return found


_DEFAULT = ConnectionPolicy(request_timeout=10, note=lambda _record: None)


def attach_record(scope: Scope, record: RequestRecord) -> None:
    """Let everything that answers the request find its record."""
    scope.setdefault("state", {})[_RECORD] = record


def request_record(scope: Scope) -> RequestRecord:
    """Return the record of the request that this scope belongs to."""
    record: RequestRecord = scope["state"][_RECORD]
    return record


def mark_as_endless(scope: HTTPScope) -> None:
    """Tell the connection that its client can do without the rest of this answer."""
    scope["state"][_ENDLESS] = True


def is_endless(scope: HTTPScope) -> bool:
    """Return whether the client can do without the rest of the answer."""
    return _ENDLESS in scope["state"]


def mark_as_slow(scope: HTTPScope) -> None:
    """Tell the application that its client has read nothing for too long."""
    scope["state"][_SLOW] = True


def was_slow(scope: HTTPScope) -> bool:
    """Return whether the connection was closed because its client read nothing."""
    return _SLOW in scope["state"]


def mark_as_cut_off(scope: HTTPScope) -> None:
    """Tell `read_body` that the rest of the body is no longer waited for."""
    scope["state"][_CUT_OFF] = True


def was_cut_off(scope: HTTPScope) -> bool:
    """Return whether the rest of the body is no longer waited for."""
    return _CUT_OFF in scope["state"]
