"""Requests with marked values wherever something confidential could be, and rows likewise.

A phone number, a text, a signature, a secret, a token and a query are marked by `canary` or are one
of the numbers. A path and a `message_id` are part of the log, and marked otherwise.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from lyftr_core import HexHmacSha256

__all__ = [
    "LOGGED",
    "REPLICA",
    "SECRETS",
    "TOKENS",
    "UNREADABLE",
    "assert_clean",
    "logins",
    "message",
    "reads",
    "spoil",
    "webhook",
    "webhooks",
]

Request = tuple[str, str, dict[str, Any]]

SECRETS = {
    "WEBHOOK_SECRET": "canary-secret-current",
    "WEBHOOK_SECRET_PREVIOUS": "canary-secret-previous",
    "API_TOKENS": "canary-token-1,canary/token+2==",
}
"""Every variable that holds something secret, with a marked value."""
REPLICA = {"DATABASE_READ_URL": "postgresql://somebody:canary-password@127.0.0.1:1/inbox"}
"""One more, which only PostgreSQL takes; nobody answers there."""
TOKENS = SECRETS["API_TOKENS"].split(",")
NUMBERS = ("4915144444444", "4915155555555")
LOGGED = "marked-path"
"""In paths and identifiers, which are logged as they come."""

_CANARIES = ("canary", "CANARY", *NUMBERS)
_SCHEME = HexHmacSha256(SECRETS["WEBHOOK_SECRET"])


def assert_clean(shown: str, *also: str) -> None:
    """See that nothing confidential is in what was shown.

    Args:
        shown: What somebody could read.
        also: Further marks that must not be in it.
    """
    for canary in (*_CANARIES, *also):
        place = shown.find(canary)
        assert place < 0, f"{canary} in: {shown[max(0, place - 300) : place + 100]}"


def message(**changes: object) -> bytes:
    """Return the body of a webhook, all of it marked."""
    fields = {
        "message_id": f"{LOGGED}-1",
        "from": f"+{NUMBERS[0]}",
        "to": f"+{NUMBERS[1]}",
        "ts": "2026-01-15T09:28:35Z",
        "text": "canary-text",
    }
    return json.dumps(fields | changes).encode()


def webhook(content: bytes, **headers: str) -> Request:
    """Return a signed webhook; headers given win."""
    signature = {"X-Signature": _SCHEME.sign(content)}
    return "POST", "/webhook?q=canary-query", {"content": content, "headers": signature | headers}


def webhooks() -> Iterator[Request]:
    """Return webhooks of every fate."""
    yield webhook(message())
    yield webhook(message())
    yield webhook(message(text="canary-other-text"))
    yield webhook(
        message(**{"from": "canary-from", "to": 49, "ts": "canary-ts", "text": "canary\0"})
    )
    yield webhook(message(canary=["canary"], message_id=None, text={"canary": NUMBERS[0]}))
    yield webhook(b'{"text": "canary')
    yield webhook(b'"canary"')
    yield webhook(b"canary \xff")
    yield webhook(b"[" * 2_000 + b'"canary"')
    yield webhook(b"canary" * 20_000)
    yield webhook(message(), **{"X-Signature": "canary-signature"})
    yield webhook(message(), **{"X-Signature": "sha256=canary", "Authorization": "Bearer canary"})
    yield webhook(message(), Host="canary host")
    yield webhook(message(), Expect="canary", Cookie="canary", Referer="http://canary/")
    yield "POST", "/webhook/?q=canary", {"content": message()}
    yield "PUT", "/webhook?canary", {"content": message()}


def _queries() -> Iterator[str]:
    number = f"%2B{NUMBERS[0]}"
    for name in (
        "from",
        "to",
        "since",
        "until",
        "q",
        "limit",
        "offset",
        "cursor",
        "order",
        "total",
    ):
        yield f"{name}=canary-query"
        yield f"{name}={number}"
        yield f"{name}=canary%00%FF&{name}=canary"
    yield f"from={number}&q=canary&order=desc"
    yield f"access_token={TOKENS[0]}"


def reads() -> Iterator[Request]:
    """Return requests to every other route, with right tokens and wrong ones."""
    words = [f"Bearer {TOKENS[0]}", "Bearer canary-wrong", "Basic canary", f"bearer {TOKENS[1]}"]
    for word in words:
        arguments = {"headers": {"Authorization": word}}
        for query in _queries():
            yield "GET", f"/messages?{query}", arguments
        for path in (LOGGED + "-1", LOGGED + "-none", "%00", LOGGED + "%2Fa%FF"):
            yield "GET", f"/messages/{path}?q=canary", arguments
        for path in (
            "/",
            "/login",
            "/logout",
            "/docs",
            "/stats",
            "/health/live",
            "/health/ready",
            "/metrics",
            f"/{LOGGED}",
        ):
            for method in ("GET", "HEAD", "DELETE", "OPTIONS", "FOO"):
                yield method, f"{path}?q=canary&from={NUMBERS[0]}", arguments
    yield "GET", "/schema/openapi.json?canary", {}


def logins() -> Iterator[Request]:
    """Return what a browser sends to log in and out, with right tokens and wrong ones."""
    for token in (*TOKENS, "canary-wrong", "canary\xff"):
        for headers in ({}, {"Sec-Fetch-Site": "cross-site"}, {"X-Forwarded-Proto": "https"}):
            form = {"token": token, "next": "/?q=sought"}
            yield "POST", "/login?canary", {"data": form, "headers": headers}
            yield "GET", "/?q=canary", {"headers": {"HX-Request": "true", **headers}}
            yield "POST", "/logout?canary", {"headers": headers}
    yield "GET", "/login?next=/%3Fq%3Dcanary", {"headers": {"Cookie": "lyftr_session=canary"}}
    yield "POST", "/login", {"content": b"canary" * 20_000}


_INSERT = """INSERT INTO messages (message_id, sender, recipient, ts, received_at, text)
    VALUES (?, ?, ?, ?, 0, ?)"""
UNREADABLE: dict[str, tuple[object, ...]] = {
    "bad-number": ("canary-number", f"+{NUMBERS[1]}", 0, "canary-text"),
    "bad-time": (f"+{NUMBERS[0]}", f"+{NUMBERS[1]}", 2**62, "canary-text"),
    "bad-text": (f"+{NUMBERS[0]}", f"+{NUMBERS[1]}", 0, "canary\0"),
    "bad-bytes": (f"+{NUMBERS[0]}", f"+{NUMBERS[1]}", 0, b"canary-text\xff"),
}


def spoil(file: Path) -> None:
    """Do to a database what another program might, so that it cannot be read."""
    with closing(sqlite3.connect(file, timeout=60)) as database, database:
        for message_id, row in UNREADABLE.items():
            database.execute(_INSERT, [message_id, *row])
        database.execute(_INSERT, ["bad-utf8", "+12", "+13", 0, None])
        database.execute(
            "UPDATE messages SET text = CAST(? AS TEXT) WHERE message_id = 'bad-utf8'",
            [b"canary-text\xff"],
        )
