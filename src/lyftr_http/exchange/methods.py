"""What all routes that only read have in common."""

from functools import partial

from litestar import HttpMethod, route

__all__ = ["get"]

get = partial(route, http_method=[HttpMethod.GET, HttpMethod.HEAD], status_code=200)
"""Decorate a handler of GET, and of HEAD (RFC 9110, section 9.3.2)."""
