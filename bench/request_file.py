"""Signed webhooks as whole HTTP requests, written to a file before anything is measured."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from bench.messages import Content, contents, sender
from lyftr_core import HexHmacSha256, format_timestamp

__all__ = ["SECRET", "write_requests"]

SECRET = "the secret of the benchmark"
_INTERVAL = timedelta(milliseconds=1)


def write_requests(path: Path, seed: str, count: int, senders: int | None = None) -> Path:
    """Write so many distinct webhooks, each after its length in six digits.

    Args:
        path: The file.
        seed: Another seed gives other messages.
        count: How many.
        senders: From how many senders, each as often; by default some send more than others.

    Returns:
        The file, which is on disk, so that no measurement waits for it to be written.
    """
    scheme = HexHmacSha256(SECRET)
    ts = datetime.now(UTC)
    with path.open("wb") as file:
        for number, made in enumerate(contents(seed, count)):
            content = made._replace(sender=sender(number % senders)) if senders else made
            body = _body(content, ts)
            request = _head(scheme.sign(body), len(body)) + body
            file.write(b"%06d" % len(request) + request)
            ts += _INTERVAL
        file.flush()
        os.fsync(file.fileno())
    return path


def _body(content: Content, ts: datetime) -> bytes:
    return msgspec.json.encode(
        {
            "message_id": content.message_id,
            "from": content.sender,
            "to": content.recipient,
            "ts": format_timestamp(ts),
            "text": content.text,
        }
    )


def _head(signature: str, length: int) -> bytes:
    return (
        "POST /webhook HTTP/1.1\r\n"
        "Host: 127.0.0.1\r\n"
        "Content-Type: application/json\r\n"
        f"X-Signature: {signature}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()
