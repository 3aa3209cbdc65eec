"""The routes that show message data, as one group: what holds for them is said here, once."""

from typing import Any

from litestar import Router
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from lyftr_http.openapi import BEARER
from lyftr_http.page.page_access import page_guard
from lyftr_http.page.page_errors import PAGE_ERRORS
from lyftr_http.read_access import ReadAccess
from lyftr_http.routes.messages import get_message, list_messages
from lyftr_http.routes.pages import PAGES
from lyftr_http.routes.stats import get_stats
from lyftr_http.routes.stream import get_stream

__all__ = ["message_data", "pages"]


def message_data(access: ReadAccess) -> Router:
    """Return the group. Whatever is added to it is for those alone who may read.

    Args:
        access: Who may.
    """
    return Router(
        "/",
        route_handlers=[list_messages, get_message, get_stats, get_stream],
        guards=[_guard(access)],
        tags=["Messages"],
        security=None if access.is_open else [{BEARER: []}],
    )


def pages(access: ReadAccess) -> Router:
    """Return the group of the pages that show message data: others than readers are to log in.

    Args:
        access: Who may read.
    """
    return Router(
        "/",
        route_handlers=PAGES,
        exception_handlers=PAGE_ERRORS,
        guards=[page_guard(access)],
        include_in_schema=False,
    )


def _guard(access: ReadAccess) -> Guard:
    """Return what Litestar asks before it looks at anything else of a request."""

    def require(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        access.require(connection.scope["headers"])

    return require
