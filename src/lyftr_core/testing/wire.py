"""Hypothesis strategies for what comes over the wire: bodies, right and wrong, and requests."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from lyftr_core.message import MAX_MESSAGE_ID_LENGTH, MAX_TEXT_LENGTH, Message
from lyftr_core.signature import HexHmacSha256, SignedRequest
from lyftr_core.standard_webhooks import StandardWebhooks
from lyftr_core.testing.samples import wire_fields
from lyftr_core.testing.strategies import messages

__all__ = ["bodies", "invalid_bodies", "signed_requests", "standard_signed_requests"]

_MISSING = object()
_OTHER_TYPES: tuple[object, ...] = (1, 0.5, True, [], {}, ["a"])
_NO_NUMBERS = (
    "",
    "1234",
    "+0123",
    "+1",
    "+1" + "0" * 15,
    "+12 34",
    "+1234\n",
    "+\u0661\u0662\u0663",
)
_NO_TIMES = (
    "",
    "2026-01-15",
    "2026-01-15t09:28:35z",
    "2026-01-15 09:28:35Z",
    "2026-01-15T09:28:35+00:00",
    "2026-01-15T09:28:35,5Z",
    "2026-01-15T09:28:60Z",
    "2026-01-15T24:00:00Z",
    "2026-02-30T09:28:35Z",
    "0000-01-15T09:28:35Z",
    "2026-01-15T09:28:3\uff15Z",
    "2026-01-15T09:28:35Z\n",
)
_WRONG: Mapping[str, tuple[object, ...]] = {
    "message_id": ("", "a" * (MAX_MESSAGE_ID_LENGTH + 1), "a\n", "\0", "\x85", None, _MISSING),
    "from": (*_NO_NUMBERS, None, _MISSING),
    "to": (*_NO_NUMBERS, None, _MISSING),
    "ts": (*_NO_TIMES, None, _MISSING),
    "text": ("a" * (MAX_TEXT_LENGTH + 1), "a\0"),
}
_NO_OBJECTS = (
    *(b"", b"null", b"1", b'"a"', b"[]", b"{", b"{}{}", b"{'a': 1}", b'{"a": NaN}', b"NaN"),
    *(b"\xef\xbb\xbf{}", b'{"a": "\xff"}', b'{"a": "\xed\xa0\x80"}', b'{"a": ' + b"[" * 20_000),
)
_NO_SIGNATURES = (
    "",
    "v1",
    "v1,",
    "v1a,AAAA",
    "v2,AAAA",
    "v1,AAAA",
    "v1," + "A" * 43 + "=",
    "v1,\xff",
)

# Made once: to make a strategy costs more than to draw from it.
_MESSAGES = messages()
_CUT_OFF_DIGITS = st.text("0123456789", max_size=4)
_STRINGS = st.text(st.characters(codec="utf-8"), max_size=10)
_PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    _STRINGS,
)
_VALUES = st.one_of(
    _PLAIN, st.lists(_PLAIN, max_size=2), st.dictionaries(_STRINGS, _PLAIN, max_size=2)
)
_OVERRIDDEN = st.lists(st.tuples(st.sampled_from(sorted(_WRONG)), _VALUES), max_size=2)
_UNKNOWN = st.lists(
    st.tuples(_STRINGS.filter(lambda name: name not in _WRONG), _VALUES), max_size=2
)
_WEBHOOK_IDS = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="."), min_size=1
)
_AGES = st.integers(-300, 299)  # fractions of a second are cut off from a timestamp
_OTHER_HEADERS = st.lists(st.tuples(st.sampled_from([b"accept", b"X-Other"]), st.binary()))


@st.composite
def bodies(draw: DrawFn, of: SearchStrategy[Message] | None = None) -> bytes:
    """Generate bodies that parse to a message, in every way that JSON can put it.

    Fields come in any order, among unknown ones, behind earlier ones of the same name, with
    characters escaped or not, and with fractions of a second finer than is kept.

    Args:
        draw: Given by Hypothesis.
        of: Which messages; `st.just(message)` for the bodies of one.
    """
    message = draw(_MESSAGES if of is None else of)
    fields: dict[str, object] = {**wire_fields(message)}
    if digits := draw(_CUT_OFF_DIGITS):
        moment = message.ts.replace(tzinfo=None).isoformat(timespec="microseconds")
        fields["ts"] = f"{moment}{digits}Z"
    if message.text is None and draw(st.booleans()):
        del fields["text"]
    overridden = [field for field in draw(_OVERRIDDEN) if field[0] in fields]
    rest = draw(st.permutations([*fields.items(), *draw(_UNKNOWN)]))
    return _encode(draw, [*overridden, *rest])


@st.composite
def invalid_bodies(draw: DrawFn) -> bytes:
    """Generate bodies that no message can be read from: no JSON object, or fields at fault."""
    if draw(st.booleans()):
        return draw(st.sampled_from(_NO_OBJECTS))
    fields: dict[str, object] = {**wire_fields(draw(_MESSAGES))}
    for name in draw(st.lists(st.sampled_from(sorted(_WRONG)), min_size=1, unique=True)):
        fields[name] = draw(st.sampled_from([*_WRONG[name], *_OTHER_TYPES]))
    return _encode(draw, [field for field in fields.items() if field[1] is not _MISSING])


@st.composite
def signed_requests(
    draw: DrawFn, secret: str | bytes, *, of: SearchStrategy[bytes] | None = None
) -> SignedRequest:
    """Generate requests whose `X-Signature` is right, in every way it can be written.

    Args:
        draw: Given by Hypothesis.
        secret: The shared secret.
        of: Which bodies; any bytes will do. By default, those of messages.
    """
    body = draw(bodies() if of is None else of)
    upper = draw(st.integers(0, 2**64 - 1))
    digits = "".join(
        digit.upper() if upper >> place & 1 else digit
        for place, digit in enumerate(HexHmacSha256(secret).sign(body))
    )
    name = draw(st.sampled_from([b"x-signature", b"X-Signature", b"X-SIGNATURE"]))
    value = draw(st.sampled_from(["", "sha256="])) + digits
    headers = [(name, value.encode()), *draw(_OTHER_HEADERS)]
    return SignedRequest(tuple(draw(st.permutations(headers))), body)


@st.composite
def standard_signed_requests(
    draw: DrawFn, secret: str, *, at: datetime, of: SearchStrategy[bytes] | None = None
) -> SignedRequest:
    """Generate requests that are signed as Standard Webhooks has it, in every way it can be sent.

    Args:
        draw: Given by Hypothesis.
        secret: The shared secret, `whsec_<base64>`.
        at: The moment when they are verified; they are signed within five minutes of it.
        of: Which bodies; any bytes will do. By default, those of messages.
    """
    body = draw(bodies() if of is None else of)
    moment = at - timedelta(seconds=draw(_AGES))
    webhook_id = draw(_WEBHOOK_IDS)
    scheme = StandardWebhooks(secret, clock=lambda: moment)
    right = scheme.sign(body, webhook_id=webhook_id, timestamp=moment)
    others = draw(st.lists(st.sampled_from(_NO_SIGNATURES), max_size=3))
    values = [
        webhook_id,
        str(int(moment.timestamp())),
        " ".join(draw(st.permutations([right, *others]))),
    ]
    names = draw(st.sampled_from([str.lower, str.title, str.upper]))
    headers = [
        (names(f"webhook-{name}").encode(), value.encode("latin-1"))
        for name, value in zip(["id", "timestamp", "signature"], values, strict=True)
    ]
    return SignedRequest(tuple(draw(st.permutations([*headers, *draw(_OTHER_HEADERS)]))), body)


def _encode(draw: DrawFn, fields: Sequence[tuple[str, object]]) -> bytes:
    space = draw(st.sampled_from(["", " ", "\r\n\t"]))
    encoder = json.JSONEncoder(ensure_ascii=draw(st.booleans()))
    members = (f"{encoder.encode(k)}{space}:{space}{encoder.encode(v)}" for k, v in fields)
    return f"{space}{{{space}{f'{space},{space}'.join(members)}{space}}}{space}".encode()
