"""The routes that show message data or describe the API: what holds for a group is said here."""

from typing import Any

from litestar import Router
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from lyftr_http.allowed_hosts import AllowedHosts
from lyftr_http.openapi import BEARER
from lyftr_http.page.page_access import page_guard
from lyftr_http.page.page_errors import PAGE_ERRORS
from lyftr_http.read_access import ReadAccess
from lyftr_http.routes.docs import get_docs, get_docs_file
from lyftr_http.routes.messages import get_message, list_messages
from lyftr_http.routes.pages import PAGES
from lyftr_http.routes.schema import get_schema
from lyftr_http.routes.stats import get_stats
from lyftr_http.routes.stream import get_stream

__all__ = ["documentation", "message_data", "pages"]


def message_data(access: ReadAccess, hosts: AllowedHosts) -> Router:
    """Return the group. Whatever is added to it is for those alone who may read.

    Args:
        access: Who may.
        hosts: Which hosts a request may name.
    """
    return Router(
        "/",
        route_handlers=[list_messages, get_message, get_stats, get_stream],
        guards=[_host_guard(hosts), _guard(access)],
        tags=["Messages"],
        security=None if access.is_open else [{BEARER: []}],
    )


def pages(access: ReadAccess, hosts: AllowedHosts) -> Router:
    """Return the group of the pages that show message data: others than readers are to log in.

    Args:
        access: Who may read.
        hosts: Which hosts a request may name.
    """
    return Router(
        "/",
        route_handlers=PAGES,
        exception_handlers=PAGE_ERRORS,
        guards=[_host_guard(hosts), page_guard(access)],
        include_in_schema=False,
    )


def documentation(hosts: AllowedHosts) -> Router:
    """Return the group that describes the API, open to everyone who may name the server.

    Args:
        hosts: Which hosts a request may name.
    """
    return Router(
        "/",
        route_handlers=[get_schema, get_docs, get_docs_file],
        guards=[_host_guard(hosts)],
        include_in_schema=False,
    )


def _guard(access: ReadAccess) -> Guard:
    """Return what Litestar asks before it looks at anything else of a request."""

    def require(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        access.require(connection.scope["headers"])

    return require


def _host_guard(hosts: AllowedHosts) -> Guard:
    """Return what Litestar asks first."""

    def require(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        hosts.require(connection.scope["headers"])

    return require
