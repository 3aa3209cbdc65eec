"""What tests give `lyftr send` to send."""

from pathlib import Path
from typing import Any

from tests.support.server import SECRET, signed

__all__ = ["ONE", "SIGNING", "line", "lines"]

SIGNING = {"WEBHOOK_SECRET": SECRET}
ONE = ("--from", "+919876543210", "--to", "+14155550100")


def line(message_id: str, **fields: object) -> bytes:
    """Return a message as a line of a file."""
    content: Any = signed(message_id, **fields)["content"]
    return bytes(content)


def lines(folder: Path, *bodies: bytes) -> str:
    """Write a file of lines and return its name."""
    (folder / "messages.jsonl").write_bytes(b"\n".join(bodies) + b"\n")
    return "messages.jsonl"
