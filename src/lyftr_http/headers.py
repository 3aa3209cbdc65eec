"""The headers of a request, as ASGI has them."""

from collections.abc import Iterable

__all__ = ["Headers", "header_values"]

Headers = Iterable[tuple[bytes, bytes]]
"""Pairs of name and value in the order sent, the names in lower case."""


def header_values(headers: Headers, name: bytes) -> list[bytes]:
    """Return every value of a header, without the white space around it (RFC 9110, section 5.5).

    lyftr's own server has taken that away; others that the application may run on have not.

    Args:
        headers: Those of the request.
        name: In lower case.
    """
    return [value.strip(b" \t") for key, value in headers if key == name]
