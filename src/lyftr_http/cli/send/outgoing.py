"""What is to be sent: bodies from a file of JSON lines, each checked before it goes out."""

from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from lyftr_core import InvalidMessage, VerifiedBody, parse
from lyftr_http.cli.http_sender import MAX_BODY_SIZE

__all__ = ["Outgoing", "count_lines", "read_outgoing"]

_PIECE = 1_048_576
_TOO_LONG = f"a body has at most {MAX_BODY_SIZE} bytes"


class Outgoing(msgspec.Struct, frozen=True):
    """One line of a file.

    Attributes:
        number: Of the line, from 1.
        body: The line without its end: the body, byte for byte.
        fault: Why it is not to be sent, or nothing.
    """

    number: int
    body: bytes
    fault: str = ""


def read_outgoing(stream: BinaryIO) -> Iterator[Outgoing]:
    """Read lines one by one, each by the rules that the receiver has for a body.

    A line is read whole, however long it is; empty ones are left out, and so is a byte order mark
    at the beginning.
    """
    for number, line in enumerate(stream, 1):
        body = line.rstrip(b"\r\n")
        if number == 1:
            body = body.removeprefix(BOM_UTF8)
        if body.strip():
            yield Outgoing(number, body, _fault(body))


def count_lines(stream: BinaryIO) -> int:
    """Return how many lines there are from here on, and go back to where the stream was."""
    start = stream.tell()
    count, last = 0, b"\n"
    while piece := stream.read(_PIECE):
        count += piece.count(b"\n")
        last = piece[-1:]
    stream.seek(start)
    return count + (last != b"\n")


def _fault(body: bytes) -> str:
    if len(body) > MAX_BODY_SIZE:
        return _TOO_LONG
    try:
        parse(VerifiedBody(body))  # ours, and signed by us before it is sent
    except InvalidMessage as exc:
        return str(exc)
    return ""
