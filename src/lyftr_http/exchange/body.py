"""Reading a request's body, up to a limit."""

from litestar.types import HTTPScope, Receive

from lyftr_http.exchange.errors import BodyCutOff, BodyTooLarge, ClientGone, InvalidContentLength
from lyftr_http.exchange.headers import Headers
from lyftr_http.exchange.scope_state import was_cut_off

__all__ = ["MAX_BODY_SIZE", "read_body"]

MAX_BODY_SIZE = 64 * 1024
"""The largest body that is read, in bytes."""


async def read_body(scope: HTTPScope, receive: Receive) -> bytes:
    """Read the body of a request.

    Nothing is read of a body that is announced as too large, and of another no more than the
    limit and the piece that goes beyond it.

    Args:
        scope: That of the request.
        receive: Gives the body in pieces.

    Raises:
        BodyCutOff: It took too long to arrive.
        BodyTooLarge: By its Content-Length, or by its size.
        ClientGone: The body ended before it was whole.
        InvalidContentLength: It is no number; a server refuses such a request by itself.
    """
    if _announced_size(scope["headers"]) > MAX_BODY_SIZE:
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
            if was_cut_off(scope):
                raise BodyCutOff
            return b"".join(pieces)


def _announced_size(headers: Headers) -> int:
    for name, value in headers:
        if name == b"content-length":
            try:
                return _number(value.strip(b" \t"))
            except ValueError:
                raise InvalidContentLength(value.decode("latin-1")) from None
    return 0


def _number(digits: bytes) -> int:
    """Return a number of which `int` would also take a sign and underscores."""
    if not digits.isdigit():
        raise ValueError
    return int(digits)
