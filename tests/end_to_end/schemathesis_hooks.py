"""What schemathesis cannot know by itself: how to sign, which times exist, what cursors are."""

import os
import re
from typing import Any

import requests
import schemathesis

from lyftr_core import HexHmacSha256
from lyftr_core.testing import timestamps

schemathesis.openapi.format("date-time", timestamps())


class Signature(requests.auth.AuthBase):
    """Puts a true signature where a well-formed one was generated; the rest is sent as it is."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        given = str(request.headers.get("X-Signature", ""))
        if re.fullmatch(r"(sha256=)?[0-9a-fA-F]{64}", given):
            scheme = HexHmacSha256(os.environ["WEBHOOK_SECRET"])
            request.headers["X-Signature"] = scheme.sign(_content(request))
        return request


def _content(request: requests.PreparedRequest) -> bytes:
    if isinstance(request.body, str):
        return request.body.encode()
    assert request.body is None or isinstance(request.body, bytes)
    return request.body or b""


if os.environ.get("SIGN_REQUESTS"):
    schemathesis.auth.set_from_requests(Signature()).apply_to(path="/webhook")


@schemathesis.hook  # type: ignore[untyped-decorator] # schemathesis does not type it
def before_load_schema(_context: object, raw_schema: dict[str, Any]) -> None:
    """Leave cursors out: the service alone makes them, which no schema can say."""
    for operation in raw_schema["paths"]["/messages"].values():
        operation["parameters"] = [p for p in operation["parameters"] if p["name"] != "cursor"]
