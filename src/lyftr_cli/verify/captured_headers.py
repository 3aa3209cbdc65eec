"""Headers as a tool wrote them down: lines of curl or of a log, or JSON."""

import json
import re
from codecs import BOM_UTF8
from collections.abc import Iterator

__all__ = ["is_pseudo_header", "parse_header_line", "parse_headers"]

Header = tuple[bytes, bytes]

# RFC 9110, section 5.1 and 5.5: a token, and a value without the whitespace around it.
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t\r\n]*", re.DOTALL)
# The request line, the status line, what `curl -v` says beside the headers it sends, and the
# pseudo-headers of HTTP/2 (RFC 9113, section 8.3), which browsers show among the headers.
_PSEUDO_HEADER = re.compile(rb":[a-z]+(:.*)?", re.DOTALL)
_NO_HEADER = re.compile(
    rb"[A-Z]+ \S+ HTTP/.*|HTTP/.*|[*<{}].*|" + _PSEUDO_HEADER.pattern, re.DOTALL
)


def parse_header_line(line: bytes) -> Header | None:
    """Read `Name: value`, or return `None` where a line is none."""
    found = _HEADER.fullmatch(line)
    return (found[1], found[2]) if found else None


def is_pseudo_header(line: bytes) -> bool:
    """Tell whether a line is one of HTTP/2, such as `:method: POST`, which no server signs."""
    return _PSEUDO_HEADER.fullmatch(line) is not None


def parse_headers(text: bytes) -> list[Header]:
    """Read headers from lines, up to an empty one behind them, or from JSON.

    Args:
        text: Lines as `curl -v` shows them, with `> ` before them or not; or a JSON object of
            values or lists of values; or a list of pairs or of objects with `name` and `value`.
            An object may have that in `headers`.

    Raises:
        ValueError: It is neither. The error does not repeat it.
    """
    text = text.removeprefix(BOM_UTF8)
    if text.lstrip()[:1] in {b"{", b"["} and not text.lstrip().startswith(b"{ ["):
        return list(_from_json(text))
    return list(_from_lines(text))


def _from_lines(text: bytes) -> Iterator[Header]:
    numbered = list(enumerate(text.splitlines(), 1))
    if any(line.startswith(b"> ") for _, line in numbered):
        numbered = [(number, line[2:]) for number, line in numbered if line.startswith(b">")]
    seen = False
    for number, line in numbered:
        header = parse_header_line(line)
        if header is not None:
            seen = True
            yield header
        elif not line.strip() and seen:
            return
        elif line.strip() and not _NO_HEADER.fullmatch(line):
            raise ValueError(f"line {number} is no header: `Name: value` is taken")


def _from_json(text: bytes) -> Iterator[Header]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("it begins as JSON does and is no JSON") from None
    for pair in _pairs(document):
        match pair:
            case (str(name), str()) if name.startswith(":"):
                pass
            case (str(name), str(value)):
                yield name.encode("latin-1", "replace"), value.encode("latin-1", "replace")
            case _:
                raise ValueError("in JSON, names and values of headers must be strings")


def _pairs(document: object) -> Iterator[tuple[object, object]]:
    match document:
        case {"headers": dict() | list() as headers}:
            yield from _pairs(headers)
        case dict():
            for name, values in document.items():
                yield from ((name, v) for v in (values if isinstance(values, list) else [values]))
        case list():
            yield from map(_pair, document)
        case _:
            yield None, None


def _pair(entry: object) -> tuple[object, object]:
    match entry:
        case {"name": name, "value": value} | [name, value]:
            return name, value
        case _:
            return None, None
