"""The same JSON as other programs write it: a sender may sign one text and send another."""

import json
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from itertools import product

import msgspec

from lyftr_diagnosis.escaping import COMBINATIONS, HTML, SERIALISERS, SLASHES, Escaping, rewritten

__all__ = ["rarely_reserialised", "reserialised"]

_SPACINGS: Mapping[str, tuple[int | None, tuple[str, str]]] = {
    "without spaces": (None, (",", ":")),
    "with spaces behind colons and commas": (None, (", ", ": ")),
    "indented by 2": (2, (",", ": ")),
    "indented by 4": (4, (",", ": ")),
}
# What a double holds exactly: JavaScript writes such a number without `.0`.
_LARGEST_INTEGER = 2**53
_GROWTH = 16
_LARGEST = 65_536
"""In bytes: so many forms of a larger body would take much memory."""


_NOTHING = Escaping()
_ASCII = Escaping(is_ascii=True)


class _Style(msgspec.Struct, frozen=True):
    """A way to write JSON.

    Attributes:
        spacing: Which of the spacings.
        is_sorted: Whether the keys are sorted.
        escaping: Which characters are escaped.
    """

    spacing: str
    is_sorted: bool = False
    escaping: Escaping = _NOTHING

    def write(self, document: object) -> bytes:
        indent, separators = _SPACINGS[self.spacing]
        text = json.dumps(
            document,
            indent=indent,
            separators=separators,
            sort_keys=self.is_sorted,
            ensure_ascii=self.escaping.is_ascii,
        )
        return _encoded(self.escaping.apply(text))

    @property
    def description(self) -> str:
        order = ", keys sorted" if self.is_sorted else ""
        escaping = ", non-ASCII characters escaped" if self.escaping.is_ascii else ""
        return f"{self.spacing}{order}{escaping}"


_PLAIN = _Style("without spaces")
_PHP = Escaping(is_ascii=True, characters=SLASHES)
_STYLES: Mapping[str, _Style] = {
    f"{_PLAIN.description}, as JSON.stringify does": _PLAIN,
    "with spaces and escapes, as Python's json.dumps does": _Style(
        "with spaces behind colons and commas", escaping=_ASCII
    ),
    **{
        style.description: style
        for order, escaping, spacing in product((False, True), (_NOTHING, _ASCII), _SPACINGS)
        for style in [_Style(spacing, is_sorted=order, escaping=escaping)]
    },
    "with slashes escaped, as PHP's json_encode does": _Style("without spaces", escaping=_PHP),
    "with slashes escaped, other characters not, as PHP's json_encode can": _Style(
        "without spaces", escaping=Escaping(characters=SLASHES)
    ),
    "with <, > and & escaped, keys sorted, as Go's encoding/json does": _Style(
        "without spaces", is_sorted=True, escaping=Escaping(characters=HTML)
    ),
    "with <, > and & escaped, as Rails and Go do": _Style(
        "without spaces", escaping=Escaping(characters=HTML)
    ),
    **{name: _Style("without spaces", escaping=escaping) for name, escaping in SERIALISERS.items()},
    "with slashes escaped, indented by 4, as PHP's JSON_PRETTY_PRINT does": _Style(
        "indented by 4", escaping=_PHP
    ),
}
_WHOLE_NUMBERS = "without spaces, and whole numbers without .0, as JSON.stringify does"


def reserialised(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Write a JSON body anew in each way, with a description of the way.

    What is no JSON, or nests too deep for Python, gives nothing.
    """
    text = _document(body)
    if text is None:
        return
    document = json.loads(text)
    with_whole_numbers = json.loads(text, parse_float=_number)
    ways = [(description, style, document) for description, style in _STYLES.items()]
    for description, style, value in (*ways, (_WHOLE_NUMBERS, _PLAIN, with_whole_numbers)):
        content = _written(style, value)
        # What nests deep grows with its square where it is indented, and no sender writes it.
        if len(content) <= _GROWTH * len(body):
            yield description, content


def rarely_reserialised(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Write a JSON body in ways that are rarer; most leave its whitespace and numbers.

    What is no JSON, or larger than the server takes, gives nothing.
    """
    text = _document(body) if len(body) <= _LARGEST else None
    if text is None:
        return
    for description, escaping in SERIALISERS.items():
        style = _Style("indented by 2", escaping=escaping)
        yield f"{description}, indented by 2", _written(style, json.loads(text))
    texts = {is_ascii: rewritten(text, is_ascii=is_ascii) for is_ascii in (False, True)}
    for description, escaping in (*COMBINATIONS.items(), *SERIALISERS.items()):
        content = _encoded(escaping.apply(texts[escaping.is_ascii]))
        yield f"{description}, spaced as it arrived", content


def _document(body: bytes) -> str | None:
    """Return the text of a body that is JSON, else `None`."""
    try:
        text = body.removeprefix(BOM_UTF8).decode()
        json.loads(text)
    except (ValueError, RecursionError):
        return None
    return text


def _encoded(text: str) -> bytes:
    # A lone surrogate is escaped by those programs too that escape nothing else.
    return text.encode(errors="backslashreplace")


def _written(style: _Style, document: object) -> bytes:
    try:
        return style.write(document)
    except RecursionError:  # indenting takes more of the stack than reading
        return b""  # which is tried anyway


def _number(text: str) -> float:
    number = float(text)
    return int(number) if abs(number) <= _LARGEST_INTEGER and number.is_integer() else number
