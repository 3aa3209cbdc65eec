"""What is fuzzed: each target takes any bytes, and fails by raising.

A further signature scheme is one more entry in `TARGETS`, made of `check_scheme`.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
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
    VerifiedBody,
    decode_cursor,
    encode_cursor,
    parse,
    parse_timestamp,
)
from lyftr_core.testing import bodies, invalid_bodies, message_ids, moments, timestamps
from lyftr_core.testing.samples import EVERYTHING
from tests.fuzz.requests import check_scheme
from tests.fuzz.rules import message_of, moment_of

__all__ = ["TARGETS", "Target"]

_SECRET = b"a secret of the fuzzers"
_HEX_SCHEME = HexHmacSha256(_SECRET)
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


def _fill_in_hex(request: SignedRequest) -> Mapping[bytes, bytes]:
    digits = hmac.new(_SECRET, request.body, hashlib.sha256).hexdigest().encode()
    return {b"{sig}": digits, b"{SIG}": digits.upper()}


def _is_right_hex(request: SignedRequest) -> bool:
    values = [value for name, value in request.headers if name.lower() == b"x-signature"]
    form = _HEX_FORM.fullmatch(values[0]) if len(values) == 1 else None
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

TARGETS: Mapping[str, Target] = {
    "parse": Target(
        check_parse,
        bodies() | invalid_bodies(),
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
}
