"""Which bytes a sender may have signed, where other bytes arrived."""

import re
from codecs import BOM_UTF8
from collections.abc import Iterator

from lyftr_diagnosis.causes import Cause, Difference
from lyftr_diagnosis.options import Option, distinct
from lyftr_diagnosis.serialisation import rarely_reserialised, reserialised
from lyftr_diagnosis.text_encodings import otherwise_encoded
from lyftr_diagnosis.wrapping import otherwise_wrapped

__all__ = ["about_body", "rare_bodies", "signed_bodies"]

_LINE_ENDS = {"CRLF": b"\r\n", "LF": b"\n"}
_IN_WORDS = re.compile(rb"[A-Za-z0-9]\?[A-Za-z0-9]|\?\?")


def about_body(body: bytes) -> Iterator[Difference]:
    """Say what is suspicious about a body that explains nothing."""
    if not body:
        yield Difference(Cause.BODY_EMPTY)
    elif "\ufffd".encode() in body:
        yield Difference(Cause.BODY_CHARACTERS_LOST, "U+FFFD characters")
    elif body.isascii() and _IN_WORDS.search(body):
        yield Difference(Cause.BODY_CHARACTERS_LOST, "question marks within words")


def signed_bodies(body: bytes) -> list[Option[bytes]]:
    """Return what may have been signed: first the body itself, then others."""
    return distinct([Option(body), *_other_bodies(body)])


def rare_bodies(body: bytes) -> list[Option[bytes]]:
    """Return what may have been signed, but so seldom that nothing else is tried with it."""
    return distinct(
        Option(content, (Difference(Cause.BODY_RESERIALISED, detail),))
        for detail, content in rarely_reserialised(body)
    )


def _other_bodies(body: bytes) -> Iterator[Option[bytes]]:
    yield from _other_ends(body)
    with_lf = body.replace(b"\r\n", b"\n")
    yield Option(with_lf, (Difference(Cause.BODY_LF),))
    yield Option(with_lf.replace(b"\n", b"\r\n"), (Difference(Cause.BODY_CRLF),))
    yield Option(body.removeprefix(BOM_UTF8), (Difference(Cause.BODY_BOM_REMOVED),))
    yield Option(BOM_UTF8 + body, (Difference(Cause.BODY_BOM_ADDED),))
    yield Option(body.strip(), (Difference(Cause.BODY_STRIPPED),))
    yield Option(b"", (Difference(Cause.BODY_SIGNED_EMPTY),))
    for detail, content in reserialised(body):
        yield Option(content, (Difference(Cause.BODY_RESERIALISED, detail),))
    yield from otherwise_encoded(body)
    yield from otherwise_wrapped(body)


def _other_ends(body: bytes) -> Iterator[Option[bytes]]:
    for name, end in _LINE_ENDS.items():
        if body.endswith(end):
            rest = body.removesuffix(end)
            yield Option(rest, (Difference(Cause.BODY_NEWLINE_REMOVED, name),))
    for name in ("LF", "CRLF"):
        yield Option(body + _LINE_ENDS[name], (Difference(Cause.BODY_NEWLINE_ADDED, name),))
