"""What is to be sent: a message from options, or bodies from a file, each checked first."""

import uuid
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import BinaryIO

import click
import msgspec

from lyftr_cli.sending.http_sender import MAX_BODY_SIZE
from lyftr_core import (
    InvalidMessage,
    InvalidTimestamp,
    Message,
    VerifiedBody,
    parse,
    parse_timestamp,
)

__all__ = ["Outgoing", "count_lines", "message_from_options", "read_outgoing"]


def message_from_options(fields: Mapping[str, str | None]) -> Message:
    """Make a message; its `id` is a new UUID and its `ts` now where they are not given.

    Args:
        fields: By the names of the options: `from`, `to`, `text`, `id` and `ts`.

    Raises:
        click.UsageError: An option is missing or breaks a rule; it names every one.
    """
    missing = [f"--{name}" for name in ("from", "to") if not fields[name]]
    if missing:
        raise click.UsageError(f"{' and '.join(missing)} must be given, or --file")
    try:
        return Message(
            message_id=str(uuid.uuid4()) if fields["id"] is None else fields["id"],
            sender=fields["from"] or "",
            recipient=fields["to"] or "",
            ts=_moment(fields["ts"]),
            text=fields["text"],
        )
    except InvalidMessage as exc:
        raise click.UsageError(_as_options(str(exc))) from None


def _moment(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        return parse_timestamp(text)
    except InvalidTimestamp as exc:
        raise click.UsageError(f"--ts {exc}") from None


def _as_options(faults: str) -> str:
    return "; ".join(
        f"--{fault.removeprefix('message_')}".replace(":", "", 1) for fault in faults.split("; ")
    )


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
