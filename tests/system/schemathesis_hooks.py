"""What schemathesis cannot know: how to sign, which times exist, what no schema can say."""

import os
import re
from datetime import UTC, datetime
from typing import Any

import requests
import schemathesis
from litestar.openapi.spec import Schema

from lyftr_core import HexHmacSha256, StandardWebhooks
from lyftr_core.testing import timestamps
from lyftr_http.api.openapi import SIGNATURE_PARAMETERS

schemathesis.openapi.format("date-time", timestamps())


def _scheme() -> HexHmacSha256 | StandardWebhooks:
    secret = os.environ["WEBHOOK_SECRET"]
    if os.environ["WEBHOOK_SCHEME"] == "standard":
        return StandardWebhooks(secret, clock=lambda: datetime.now(UTC))
    return HexHmacSha256(secret)


class Signature(requests.auth.AuthBase):
    """Puts a true signature where a well-formed one was generated; the rest is sent as it is."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        right = _scheme().signature_headers(_content(request))
        if all(_is_well_formed(name, request.headers.get(name, "")) for name, _ in right):
            request.headers.update(right)
        return request


def _is_well_formed(name: str, value: str | bytes) -> bool:
    (pattern,) = (
        parameter.schema.pattern
        for parameters in SIGNATURE_PARAMETERS.values()
        for parameter in parameters
        if parameter.name == name and isinstance(parameter.schema, Schema)
    )
    assert pattern
    return re.search(pattern, _text(value)) is not None


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _content(request: requests.PreparedRequest) -> bytes:
    if isinstance(request.body, str):
        return request.body.encode()
    assert request.body is None or isinstance(request.body, bytes)
    return request.body or b""


if os.environ.get("SIGN_REQUESTS"):
    schemathesis.auth.set_from_requests(Signature()).apply_to(path="/webhook")


@schemathesis.hook  # type: ignore[untyped-decorator] # schemathesis does not type it
def before_load_schema(_context: object, raw_schema: dict[str, Any]) -> None:
    """Leave out cursors, which the service alone makes, `after`, which goes with some parameters
    only, and the stream, which has no end.
    """
    for operation in raw_schema["paths"]["/messages"].values():
        parameters = operation["parameters"]
        operation["parameters"] = [p for p in parameters if p["name"] not in {"cursor", "after"}]
    raw_schema["paths"].pop("/stream", None)
