"""What a sender signed where it wrapped the body in another form and sent that, or the reverse."""

import binascii
import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator
from urllib.parse import parse_qsl, quote, quote_plus, unquote_to_bytes

from lyftr_diagnosis.causes import Cause, Difference
from lyftr_diagnosis.options import Option

__all__ = ["MAX_DECOMPRESSED", "otherwise_wrapped"]

MAX_DECOMPRESSED = 1_048_576
"""In bytes: of a compressed body that holds more, the text is not looked at."""
_MAX_FIELDS = 16
_MAX_MEMBERS = 16
_UNRESERVED_IN_JAVASCRIPT = "-_.!~*'()"
_WINDOW_BITS = {"gzip": 31, "zlib": 15, "deflate": -15}


def otherwise_wrapped(body: bytes) -> Iterator[Option[bytes]]:
    """Return what may have been signed inside or around the body that arrived."""
    for name in _WINDOW_BITS:
        content = _decompressed(body, name)
        if content is not None:
            yield Option(content, (Difference(Cause.BODY_COMPRESSED, name),))
    yield from _form(body)
    yield from _inside(body)
    yield from _around(body)


def _decompressed(body: bytes, name: str) -> bytes | None:
    """Return the plain text of every member, or `None` where it is too large or is no such data."""
    plain, rest = b"", body
    for _ in range(_MAX_MEMBERS):
        member = zlib.decompressobj(_WINDOW_BITS[name])
        try:
            plain += member.decompress(rest, MAX_DECOMPRESSED + 1 - len(plain))
        except zlib.error:
            return None
        rest = member.unused_data
        if not member.eof or len(plain) > MAX_DECOMPRESSED:
            return None
        if not rest:
            break
    return plain if plain and not rest else None


def _form(body: bytes) -> Iterator[Option[bytes]]:
    """Return the fields of a form, each of which may hold the JSON."""
    try:
        fields = parse_qsl(body.decode("ascii"), max_num_fields=_MAX_FIELDS)
    except ValueError:
        return
    for _, value in fields:
        yield Option(value.encode(), (Difference(Cause.BODY_SENT_WRAPPED, "in a field of a form"),))


def _inside(body: bytes) -> Iterator[Option[bytes]]:
    for content, form in (
        (unquote_to_bytes(body), "percent-encoded"),
        (unquote_to_bytes(body.replace(b"+", b" ")), "percent-encoded"),
        (_base64(body), "in base64"),
        (_string(body), "in a string of JSON"),
    ):
        if content:
            yield Option(content, (Difference(Cause.BODY_SENT_WRAPPED, form),))


def _around(body: bytes) -> Iterator[Option[bytes]]:
    text = body.decode(errors="surrogateescape")
    for content, form in (
        (b64encode(body).decode(), "in base64"),
        (quote(body, safe=_UNRESERVED_IN_JAVASCRIPT), "percent-encoded"),
        (quote(body, safe=""), "percent-encoded"),
        (quote_plus(body), "percent-encoded"),
        (json.dumps(text, ensure_ascii=False), "in a string of JSON"),
        (json.dumps(text), "in a string of JSON"),
    ):
        signed = content.encode(errors="surrogateescape")
        yield Option(signed, (Difference(Cause.BODY_SIGNED_WRAPPED, form),))


def _base64(body: bytes) -> bytes | None:
    try:
        return b64decode(body.strip(), validate=True)
    except binascii.Error:
        return None


def _string(body: bytes) -> bytes | None:
    if not body.strip().startswith(b'"'):
        return None
    try:
        return str(json.loads(body)).encode(errors="surrogatepass")
    except ValueError:
        return None
