"""What a sender signed where it encoded the text in another way than it sent it, or the reverse."""

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from typing import Literal
from unicodedata import normalize

from lyftr_diagnosis.causes import Cause, Difference
from lyftr_diagnosis.options import Option

__all__ = ["otherwise_encoded"]

# Windows-1252 last: where it gives the same bytes, ISO 8859-1 is the better known.
_SINGLE_BYTE = {"ASCII": "ascii", "ISO 8859-1": "latin-1", "Windows-1252": "cp1252"}
_UTF_16 = {
    "UTF-16 with a byte order mark": "utf-16",
    "UTF-16LE": "utf-16-le",
    "UTF-16BE": "utf-16-be",
}
_REPLACEMENTS = {
    "replaced by `?`": "replace",
    "left out": "ignore",
    "written as `&#233;`": "xmlcharrefreplace",
}
_FORMS: tuple[Literal["NFC", "NFD", "NFKC", "NFKD"], ...] = ("NFC", "NFD", "NFKC", "NFKD")
_SUPPLEMENTARY = re.compile("[\U00010000-\U0010ffff]")


def otherwise_encoded(body: bytes) -> Iterator[Option[bytes]]:
    """Return what may have been signed in another encoding than arrived."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        yield from _read_as(body, Cause.BODY_SENT_IN_OTHER_ENCODING)
        repaired = body.decode(errors="replace").encode()
        yield Option(repaired, (_replaced("UTF-8 replaced by U+FFFD"),))
    else:
        yield from _signed_in(text)
        yield from _read_as(body, Cause.BODY_SIGNED_ENCODED_TWICE)
    if b"\0" in body:  # as the ASCII of JSON has it in UTF-16
        yield from _from_utf_16(body)


def _replaced(detail: str) -> Difference:
    return Difference(Cause.BODY_CHARACTERS_REPLACED, detail)


def _signed_in(text: str) -> Iterator[Option[bytes]]:
    for name, encoding in _SINGLE_BYTE.items():
        yield from _in_one_byte(text, name, encoding)
    # Two of them for what has two units in UTF-16, as most languages count characters.
    in_units = _SUPPLEMENTARY.sub("\ufffd\ufffd", text)
    for name, encoding in _SINGLE_BYTE.items():
        for how, errors in _REPLACEMENTS.items():
            for characters in (text, in_units) if errors == "replace" else (text,):
                content = characters.encode(encoding, errors)
                yield Option(content, (_replaced(f"{name} {how}"),))
    lowest = text.encode("utf-16-le")[::2]
    detail = "the low byte of each UTF-16 unit, as Node.js's latin1 does"
    yield Option(lowest, (Difference(Cause.BODY_SIGNED_IN_OTHER_ENCODING, detail),))
    for name, encoding in _UTF_16.items():
        content = text.encode(encoding)
        yield Option(content, (Difference(Cause.BODY_SIGNED_IN_OTHER_ENCODING, name),))
    for form in _FORMS:
        yield Option(normalize(form, text).encode(), (Difference(Cause.BODY_NORMALISED, form),))


def _in_one_byte(text: str, name: str, encoding: str) -> Iterator[Option[bytes]]:
    try:
        content = text.encode(encoding)
    except UnicodeEncodeError:
        return
    # UTF-8 that was taken for this encoding, and encoded once more, gives UTF-8 again.
    cause = Cause.BODY_ENCODED_TWICE if _is_utf_8(content) else Cause.BODY_SIGNED_IN_OTHER_ENCODING
    yield Option(content, (Difference(cause, name),))


def _is_utf_8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _read_as(body: bytes, cause: Cause) -> Iterator[Option[bytes]]:
    for name in ("ISO 8859-1", "Windows-1252"):
        try:
            content = body.decode(_SINGLE_BYTE[name]).encode()
        except UnicodeDecodeError:  # Windows-1252 leaves five bytes undefined
            continue
        yield Option(content, (Difference(cause, name),))


def _from_utf_16(body: bytes) -> Iterator[Option[bytes]]:
    has_mark = body.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
    for name, encoding in _UTF_16.items():
        if (encoding == "utf-16") != has_mark:
            continue
        try:
            content = body.decode(encoding).encode()
        except UnicodeError:
            continue
        yield Option(content, (Difference(Cause.BODY_SENT_IN_OTHER_ENCODING, name),))
