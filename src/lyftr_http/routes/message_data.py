"""The routes that show message data, as one group: what holds for them is said here, once."""

from typing import Any

from litestar import Router
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Guard, Receive, Scope, Send

from lyftr_http.in_flight import InFlight
from lyftr_http.openapi import BEARER
from lyftr_http.read_access import ReadAccess
from lyftr_http.routes.messages import get_message, list_messages
from lyftr_http.routes.stats import get_stats

__all__ = ["message_data"]


def message_data(access: ReadAccess, in_flight: InFlight) -> Router:
    """Return the group. Whatever is added to it is for those alone who may read.

    Args:
        access: Who may.
        in_flight: Limits how many reads are worked on at once.
    """
    return Router(
        "/",
        route_handlers=[list_messages, get_message, get_stats],
        middleware=[_Limited(in_flight)],
        guards=[_guard(access)],
        security=None if access.is_open else [{BEARER: []}],
    )


class _Limited(ASGIMiddleware):
    """Refuses a request that is one too many, before anything is done for it."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, in_flight: InFlight) -> None:
        self._in_flight = in_flight

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        with self._in_flight:
            await next_app(scope, receive, send)


def _guard(access: ReadAccess) -> Guard:
    """Return what Litestar asks before it looks at anything else of a request."""

    def require(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        access.require(connection.scope["headers"])

    return require
