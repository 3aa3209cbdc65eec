"""What is fuzzed: each target takes any bytes, and fails by raising.

A further signature scheme is one more entry in `TARGETS`, made of `check_scheme`.
"""

import hashlib
import hmac
import re
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from lyftr_core import (
    HexHmacSha256,
    InvalidMessage,
    InvalidQuery,
    InvalidTimestamp,
    Order,
    Position,
    SignedRequest,
    StandardWebhooks,
    VerifiedBody,
    decode_cursor,
    encode_cursor,
    parse,
    parse_timestamp,
)
from lyftr_core.signatures.standard_webhooks import encode_secret
from lyftr_core.testing import bodies, invalid_bodies, message_ids, moments, timestamps
from lyftr_core.testing.strategies.samples import EVERYTHING
from tests.fuzz.requests import check_scheme
from tests.fuzz.rules import message_of, moment_of

__all__ = ["TARGETS", "Target"]

_SECRET = b"a secret of the fuzzers"
_HEX_SCHEME = HexHmacSha256(_SECRET)
_SECRETS = _SECRET, b"the secret before it"
_NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
_STANDARD_SCHEME = StandardWebhooks(
    encode_secret(_SECRETS[0]), previous=encode_secret(_SECRETS[1]), clock=lambda: _NOW
)
_STANDARD_HEADERS = b"webhook-id", b"webhook-timestamp", b"webhook-signature"
_HEX_FORM = re.compile(rb"(?:sha256=)?([0-9A-Fa-f]{64})")


class Target(NamedTuple):
    """Something to fuzz.

    Attributes:
        check: Takes an input, and raises if anything is wrong with what became of it.
        seeds: Inputs to begin with.
        words: What fuzzers would hardly find by themselves.
    """

    check: Callable[[bytes], None]
    seeds: SearchStrategy[bytes]
    words: Sequence[bytes]

    def some_seeds(self, count: int = 500) -> list[bytes]:
        """Return some of the seeds, the same at each call."""
        found: list[bytes] = []

        @settings(max_examples=count, derandomize=True, phases=[Phase.generate], deadline=None)
        @given(self.seeds)
        def collect(seed: bytes) -> None:
            found.append(seed)

        collect()
        return found


def check_parse(data: bytes) -> None:
    """Read a body, and compare with the second reading."""
    expected = message_of(data)
    try:
        message = parse(VerifiedBody(data))
    except InvalidMessage as refusal:
        faults = [(fault.field, fault.code) for fault in refusal.faults]
        assert faults == expected
    else:
        assert isinstance(expected, Mapping), expected
        assert moment_of(str(expected["ts"])) == message.ts
        fields = (message.message_id, message.sender, message.recipient, message.text)
        assert fields == tuple(expected[name] for name in ("message_id", "from", "to", "text"))


def check_timestamp(data: bytes) -> None:
    """Read a timestamp, and compare with the second reading."""
    value = data.decode(errors="surrogateescape")
    expected = moment_of(value)
    try:
        assert parse_timestamp(value) == expected
    except InvalidTimestamp as refusal:
        assert refusal.code == expected  # noqa: PT017 - a fuzzer has no pytest


def check_cursor(data: bytes) -> None:
    """Read a cursor, which then must name a place that a cursor can be written for."""
    value = data.decode(errors="surrogateescape")
    try:
        position = decode_cursor(value, EVERYTHING, Order.ASCENDING)
    except InvalidQuery:
        return
    again = encode_cursor(position, EVERYTHING, Order.ASCENDING)
    assert decode_cursor(again, EVERYTHING, Order.ASCENDING) == position


def check_hex_hmac_sha256(data: bytes) -> None:
    """Verify a request of the scheme `HexHmacSha256`."""
    check_scheme(data, _HEX_SCHEME, _fill_in_hex, _is_right_hex)


def check_standard_webhooks(data: bytes) -> None:
    """Verify a request of the scheme `StandardWebhooks`, signed with either of two secrets."""
    check_scheme(data, _STANDARD_SCHEME, _fill_in_standard, _is_right_standard)


def _fill_in_standard(request: SignedRequest) -> Mapping[bytes, bytes]:
    webhook_id, timestamp = _first(request, b"webhook-id"), _first(request, b"webhook-timestamp")
    current, previous = (
        _standard_signature(secret, webhook_id, timestamp, request.body) for secret in _SECRETS
    )
    return {b"{sig}": current, b"{old}": previous}


def _is_right_standard(request: SignedRequest) -> bool:
    names = [name.lower() for name, _ in request.headers]
    if any(names.count(name) != 1 for name in _STANDARD_HEADERS):
        return False
    webhook_id, timestamp, claimed = (_first(request, name) for name in _STANDARD_HEADERS)
    digits = timestamp.decode("latin-1")
    is_number = digits.isascii() and digits.isdecimal() and len(digits) <= 12
    if not webhook_id or b"." in webhook_id or not is_number:
        return False
    if str(int(digits)) != digits or abs(int(digits) - _NOW.timestamp()) > 300:
        return False
    right = {
        b"v1," + _standard_signature(secret, webhook_id, timestamp, request.body)
        for secret in _SECRETS
    }
    return not right.isdisjoint(claimed.split(b" "))


def _first(request: SignedRequest, header: bytes) -> bytes:
    values = [value for name, value in request.headers if name.lower() == header]
    return values[0].strip(b" \t") if values else b""


def _standard_signature(secret: bytes, webhook_id: bytes, timestamp: bytes, body: bytes) -> bytes:
    content = b".".join([webhook_id, timestamp, body])
    return b64encode(hmac.new(secret, content, hashlib.sha256).digest())


def _fill_in_hex(request: SignedRequest) -> Mapping[bytes, bytes]:
    digits = hmac.new(_SECRET, request.body, hashlib.sha256).hexdigest().encode()
    return {b"{sig}": digits, b"{SIG}": digits.upper()}


def _is_right_hex(request: SignedRequest) -> bool:
    values = [value for name, value in request.headers if name.lower() == b"x-signature"]
    form = _HEX_FORM.fullmatch(values[0].strip(b" \t")) if len(values) == 1 else None
    digest = hmac.new(_SECRET, request.body, hashlib.sha256).digest()
    return form is not None and bytes.fromhex(form[1].decode()) == digest


_CURSORS = st.builds(
    encode_cursor,
    st.builds(Position, moments(), message_ids()),
    st.just(EVERYTHING),
    st.just("asc"),
)
_HEX_REQUESTS = st.sampled_from(
    [
        *(b"x-signature: {sig}\n\n{}", b"X-Signature: sha256={SIG}\naccept: a\n\n{}"),
        *(b"x-signature: {sig}\nX-SIGNATURE: {sig}\n\n", b"x-signature: {sig}, {sig}\n\n{}"),
        *(b"x-signature: sha256=sha256={sig}\n\n{}", b"x-signature: sha1={sig}\n\n{}"),
        b"x-signature: " + b"0" * 64 + b"\n\n{}",
    ]
)
_STANDARD_REQUESTS = st.builds(
    lambda webhook_id, timestamp, signature, rest: b"\n".join(
        [
            *(b"webhook-id: " + webhook_id, b"webhook-timestamp: " + timestamp),
            *(b"webhook-signature: " + signature, rest, b"{}"),
        ]
    ),
    st.sampled_from([b"msg_1", b"msg.1", b"", b"m 1", b"\xff"]),
    st.integers(-400, 400).map(lambda late: b"%d" % (_NOW.timestamp() + late))
    | st.sampled_from([b"0", b"-1", b"01768478400", b"1768478400.0", b"1e9", b"9" * 30]),
    st.sampled_from(
        [
            *(b"v1,{sig}", b"v1,{old}", b"v1a,{sig} v1,{sig}", b"v1,{old} v1,{sig}", b"{sig}"),
            *(b"v1,", b"", b"v1,{sig},v1,{sig}", b"v1, {sig}", b"v1,{sig}="),
        ]
    ),
    st.sampled_from([b"", b"webhook-id: msg_1\n", b"WEBHOOK-SIGNATURE: v1,{sig}\n"]),
)

TARGETS: Mapping[str, Target] = {
    "parse": Target(
        check_parse,
        bodies() | invalid_bodies().map(lambda invalid: invalid.content),
        [
            *(b'"message_id":', b'"from":', b'"to":', b'"ts":', b'"text":', b'"+12"', b"null"),
            *(b'"2026-01-15T09:28:35Z"', b'"2026-01-15T09:28:35.25Z"', b"\\u0000", b"\\ud800"),
            *(b"\\udc00", b"true", b"NaN", b"-Infinity", b"1e999", b"[[[[[[[[[[", b'{"a":{"a":'),
            *(b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"\\n", b"\x7f", b"\xc2\x85"),
        ],
    ),
    "timestamp": Target(
        check_timestamp,
        timestamps().map(str.encode),
        [b"T24:00:00Z", b":60Z", b"-02-29T", b"0000-", b"\xef\xbc\x95", b".000000", b"+00:00"],
    ),
    "cursor": Target(check_cursor, _CURSORS.map(str.encode), [b"WyJ", b"Il0", b"=", b"-_"]),
    "HexHmacSha256": Target(
        check_hex_hmac_sha256,
        _HEX_REQUESTS,
        [b"x-signature: ", b"{sig}", b"{SIG}", b"sha256=", b"\n\n", b"\n"],
    ),
    "StandardWebhooks": Target(
        check_standard_webhooks,
        _STANDARD_REQUESTS,
        [
            *(b"webhook-id: ", b"webhook-timestamp: ", b"webhook-signature: ", b"{sig}", b"{old}"),
            *(b"v1,", b" v1,", b"v1a,", b"1768478400", b"1768478700", b".", b"\n\n", b"\n"),
        ],
    ),
}
