"""What the core returns and raises, as HTTP: the same for every framework.

The statuses say to the sender whether to try again: after a 503 yes, after a 401 or a 422 the same
request will be refused again, and after a 200 the message is committed.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from lyftr_core import (
    Fault,
    InvalidMessage,
    InvalidQuery,
    InvalidSignature,
    LyftrError,
    Page,
    SecretNotConfigured,
    StorageUnavailable,
    StoredMessage,
    format_timestamp,
)

__all__ = ["ACCEPTED", "MAX_BODY", "TOO_LARGE", "Answer", "page", "refusal"]

MAX_BODY = 64 * 1024
"""The most that a webhook may have, in bytes."""


class Answer(NamedTuple):
    """A status, what is to be sent as JSON, and headers beside those of JSON."""

    status: int
    content: Mapping[str, Any]
    headers: Mapping[str, str] = MappingProxyType({})


ACCEPTED = Answer(200, {"status": "ok"})
TOO_LARGE = Answer(413, {"detail": f"the body must have at most {MAX_BODY} bytes"})


def refusal(error: LyftrError) -> Answer:
    """Return the answer to a request that was refused with an error of the core.

    Raises:
        LyftrError: The error given, where it is none that a request can bring about.
    """
    match error:
        case InvalidSignature():
            return Answer(401, {"detail": "invalid signature"})
        case InvalidMessage():
            return Answer(422, {"detail": [_fault(fault, "body") for fault in error.faults]})
        case InvalidQuery():
            return Answer(422, {"detail": [_fault(fault, "query") for fault in error.faults]})
        case StorageUnavailable() | SecretNotConfigured():
            return Answer(503, {"detail": "try again later"}, {"Retry-After": "1"})
        case _:
            raise error


def page(found: Page) -> Answer:
    """Return the answer that holds a page of messages."""
    return Answer(
        200,
        {
            "items": [_item(stored) for stored in found.items],
            "total": found.total,
            "next_cursor": found.next_cursor,
        },
    )


def _fault(fault: Fault, place: str) -> dict[str, object]:
    loc = [place, fault.field] if fault.field else [place]
    return {"loc": loc, "msg": fault.msg, "type": fault.code}


def _item(stored: StoredMessage) -> dict[str, object]:
    message = stored.message
    return {
        "message_id": message.message_id,
        "from": message.sender,
        "to": message.recipient,
        "ts": format_timestamp(message.ts),
        "text": message.text,
        "received_at": format_timestamp(stored.received_at),
        "seq": stored.seq,
    }
