"""The same JSON as other programs write it: a sender may sign one text and send another."""

import json
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from itertools import product

import msgspec

__all__ = ["reserialised"]

_SPACINGS: Mapping[str, tuple[int | None, tuple[str, str]]] = {
    "without spaces": (None, (",", ":")),
    "with spaces behind colons and commas": (None, (", ", ": ")),
    "indented by 2": (2, (",", ": ")),
    "indented by 4": (4, (",", ": ")),
}
_HTML = str.maketrans({character: f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"})
# What a double holds exactly: JavaScript writes such a number without `.0`.
_LARGEST_INTEGER = 2**53
_GROWTH = 16


class _Style(msgspec.Struct, frozen=True):
    """A way to write JSON.

    Attributes:
        spacing: Which of the spacings.
        is_sorted: Whether the keys are sorted.
        is_ascii: Whether other characters are escaped.
        escapes: Further characters that are.
    """

    spacing: str
    is_sorted: bool = False
    is_ascii: bool = False
    escapes: Mapping[int, str] = {}

    def write(self, document: object) -> bytes:
        indent, separators = _SPACINGS[self.spacing]
        text = json.dumps(
            document,
            indent=indent,
            separators=separators,
            sort_keys=self.is_sorted,
            ensure_ascii=self.is_ascii,
        )
        # A lone surrogate is escaped by those programs too that escape nothing else.
        return text.translate(self.escapes).encode(errors="backslashreplace")

    @property
    def description(self) -> str:
        order = ", keys sorted" if self.is_sorted else ""
        escaping = ", non-ASCII characters escaped" if self.is_ascii else ""
        return f"{self.spacing}{order}{escaping}"


_PLAIN = _Style("without spaces")
_STYLES: Mapping[str, _Style] = {
    f"{_PLAIN.description}, as JSON.stringify does": _PLAIN,
    "with spaces and escapes, as Python's json.dumps does": _Style(
        "with spaces behind colons and commas", is_ascii=True
    ),
    **{
        style.description: style
        for order, escaping, spacing in product((False, True), (False, True), _SPACINGS)
        for style in [_Style(spacing, is_sorted=order, is_ascii=escaping)]
    },
    "with slashes escaped, as PHP's json_encode does": _Style(
        "without spaces", is_ascii=True, escapes={ord("/"): "\\/"}
    ),
    "with slashes escaped, other characters not, as PHP's json_encode can": _Style(
        "without spaces", escapes={ord("/"): "\\/"}
    ),
    "with <, > and & escaped, keys sorted, as Go's encoding/json does": _Style(
        "without spaces", is_sorted=True, escapes=_HTML
    ),
    "with <, > and & escaped, as Rails and Go do": _Style("without spaces", escapes=_HTML),
}
_WHOLE_NUMBERS = "without spaces, and whole numbers without .0, as JSON.stringify does"


def reserialised(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Write a JSON body anew in each way, with a description of the way.

    What is no JSON, or nests too deep for Python, gives nothing.
    """
    try:
        text = body.removeprefix(BOM_UTF8).decode()
        document = json.loads(text)
        with_whole_numbers = json.loads(text, parse_float=_number)
    except (ValueError, RecursionError):
        return
    ways = [(description, style, document) for description, style in _STYLES.items()]
    for description, style, value in (*ways, (_WHOLE_NUMBERS, _PLAIN, with_whole_numbers)):
        content = _written(style, value)
        # What nests deep grows with its square where it is indented, and no sender writes it.
        if len(content) <= _GROWTH * len(body):
            yield description, content


def _written(style: _Style, document: object) -> bytes:
    try:
        return style.write(document)
    except RecursionError:  # indenting takes more of the stack than reading
        return b""  # which is tried anyway


def _number(text: str) -> float:
    number = float(text)
    return int(number) if abs(number) <= _LARGEST_INTEGER and number.is_integer() else number
