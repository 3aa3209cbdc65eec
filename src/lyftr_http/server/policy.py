"""What each connection needs of the application: how patient to be, and whom to tell.

It lies in the state of the application's lifespan, which the server hands to the protocol of every
connection.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from lyftr_http.observability.record import RequestRecord

__all__ = ["ConnectionPolicy"]

_KEY = "lyftr_connections"


class ConnectionPolicy(NamedTuple):
    """How connections are treated.

    Attributes:
        request_timeout: So long a request may take to arrive, and so long a client may leave an
            answer lying; in seconds.
        note: Gets the record of each request that never reached the application.
    """

    request_timeout: float
    note: Callable[[RequestRecord], None]

    def put(self, state: dict[str, Any]) -> None:
        """Put it into the state of a lifespan."""
        state[_KEY] = self

    @classmethod
    def find(cls, state: Mapping[str, Any]) -> "ConnectionPolicy":
        """Return the one in the state, or one for an application that has put none there."""
        found: ConnectionPolicy = state.get(_KEY, _USUAL)
        return found


_USUAL = ConnectionPolicy(request_timeout=10, note=lambda _record: None)
