"""Reading a request's body, up to a limit."""

from collections.abc import Iterable

from litestar.types import Receive

__all__ = [
    "MAX_BODY_SIZE",
    "BodyTooLarge",
    "ClientGone",
    "Headers",
    "InvalidContentLength",
    "read_body",
]

MAX_BODY_SIZE = 64 * 1024
"""The largest body that is read, in bytes."""

Headers = Iterable[tuple[bytes, bytes]]


class BodyTooLarge(Exception):
    """The body is larger than `MAX_BODY_SIZE`, or is announced as such."""


class ClientGone(Exception):
    """The client went away before its request was whole."""


class InvalidContentLength(Exception):
    """The Content-Length is no number."""


async def read_body(headers: Headers, receive: Receive) -> bytes:
    """Read the body of a request.

    Nothing is read of a body that is announced as too large, and of another no more than the
    limit and the piece that goes beyond it.

    Args:
        headers: Those of the request, the names in lower case.
        receive: Gives the body in pieces.

    Raises:
        BodyTooLarge: By its Content-Length, or by its size.
        ClientGone: The body ended before it was whole.
        InvalidContentLength: It is no number; a server refuses such a request by itself.
    """
    if _announced_size(headers) > MAX_BODY_SIZE:
        raise BodyTooLarge
    pieces = []
    size = 0
    while True:
        event = await receive()
        if event["type"] != "http.request":
            raise ClientGone
        pieces.append(event.get("body", b""))
        size += len(pieces[-1])
        if size > MAX_BODY_SIZE:
            raise BodyTooLarge
        if not event.get("more_body", False):
            return b"".join(pieces)


def _announced_size(headers: Headers) -> int:
    for name, value in headers:
        if name == b"content-length":
            try:
                return int(value)
            except ValueError:
                raise InvalidContentLength(value.decode("latin-1")) from None
    return 0
