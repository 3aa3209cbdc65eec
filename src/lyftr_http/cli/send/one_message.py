"""The message that the options of a command make."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime

import click
import msgspec

from lyftr_core import (
    InvalidMessage,
    InvalidTimestamp,
    Message,
    format_timestamp,
    parse_timestamp,
)

__all__ = ["body_of", "message_from_options"]


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


def body_of(message: Message) -> bytes:
    """Return the body of a webhook."""
    fields = {
        "message_id": message.message_id,
        "from": message.sender,
        "to": message.recipient,
        "ts": format_timestamp(message.ts),
        **({} if message.text is None else {"text": message.text}),
    }
    return msgspec.json.encode(fields)


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
