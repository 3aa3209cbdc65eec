"""Which bytes a sender may have signed, where other bytes arrived."""

from codecs import BOM_UTF8
from collections.abc import Iterator

from lyftr_core.diagnosis.causes import Cause, Finding
from lyftr_core.diagnosis.options import Option, distinct
from lyftr_core.diagnosis.serialisation import reserialised

__all__ = ["signed_bodies"]

_LINE_ENDS = {"CRLF": b"\r\n", "LF": b"\n"}


def signed_bodies(body: bytes) -> list[Option[bytes]]:
    """Return what may have been signed: first the body itself, then others."""
    return distinct([Option(body), *_other_bodies(body)])


def _other_bodies(body: bytes) -> Iterator[Option[bytes]]:
    yield from _other_ends(body)
    with_lf = body.replace(b"\r\n", b"\n")
    yield Option(with_lf, (Finding(Cause.BODY_LF),))
    yield Option(with_lf.replace(b"\n", b"\r\n"), (Finding(Cause.BODY_CRLF),))
    yield Option(body.removeprefix(BOM_UTF8), (Finding(Cause.BODY_BOM_REMOVED),))
    yield Option(BOM_UTF8 + body, (Finding(Cause.BODY_BOM_ADDED),))
    yield Option(body.strip(), (Finding(Cause.BODY_STRIPPED),))
    yield Option(b"", (Finding(Cause.BODY_SIGNED_EMPTY),))
    for detail, content in reserialised(body):
        yield Option(content, (Finding(Cause.BODY_RESERIALISED, detail),))


def _other_ends(body: bytes) -> Iterator[Option[bytes]]:
    for name, end in _LINE_ENDS.items():
        if body.endswith(end):
            rest = body.removesuffix(end)
            yield Option(rest, (Finding(Cause.BODY_NEWLINE_REMOVED, name),))
    for name in ("LF", "CRLF"):
        yield Option(body + _LINE_ENDS[name], (Finding(Cause.BODY_NEWLINE_ADDED, name),))
