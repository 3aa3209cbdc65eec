"""The routes that show message data or describe the API: what holds for a group is said here."""

from litestar import Router

from lyftr_http.access.allowed_hosts import AllowedHosts
from lyftr_http.access.readers import ReadAccess, guard
from lyftr_http.api.docs import get_docs, get_docs_file, get_schema
from lyftr_http.api.messages import get_message, get_stats, list_messages
from lyftr_http.api.openapi import BEARER
from lyftr_http.api.stream import get_stream

__all__ = ["documentation", "message_data"]


def message_data(access: ReadAccess, hosts: AllowedHosts) -> Router:
    """Return the group. Whatever is added to it is for those alone who may read.

    Args:
        access: Who may.
        hosts: Which hosts a request may name.
    """
    return Router(
        "/",
        route_handlers=[list_messages, get_message, get_stats, get_stream],
        guards=[guard(hosts.require), guard(access.require)],
        tags=["Messages"],
        security=None if access.is_open else [{BEARER: []}],
    )


def documentation(hosts: AllowedHosts) -> Router:
    """Return the group that describes the API, open to everyone who may name the server.

    Args:
        hosts: Which hosts a request may name.
    """
    return Router(
        "/",
        route_handlers=[get_schema, get_docs, get_docs_file],
        guards=[guard(hosts.require)],
        include_in_schema=False,
    )
