"""How serialisers of JSON escape characters that JSON does not ask them to escape."""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import product

import msgspec

__all__ = ["COMBINATIONS", "HTML", "SERIALISERS", "SLASHES", "Escaping", "rewritten"]

# A character before its hex digits, or a backslash with what it escapes: only strings hold these.
_ESCAPE = re.compile(r"\\(u[0-9a-f]{4}|.)", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_SUPPLEMENTARY = re.compile("[\U00010000-\U0010ffff]")


def _escaped(characters: str, *, is_upper: bool = False) -> dict[int, str]:
    r"""Return the escapes of characters of the Basic Multilingual Plane, as `str.translate` takes.

    Args:
        characters: Each of them.
        is_upper: Whether the hex digits are in upper case, as in `\u003C`.
    """
    form = "\\u{:04X}" if is_upper else "\\u{:04x}"
    return {ord(character): form.format(ord(character)) for character in characters}


HTML = _escaped("<>&\u2028\u2029")
SLASHES = {ord("/"): "\\/"}
_LINE_ENDS = _escaped("\u2028\u2029")


class Escaping(msgspec.Struct, frozen=True):
    r"""What a serialiser escapes within strings.

    Attributes:
        is_ascii: Whether it escapes every non-ASCII character.
        is_upper: Whether it writes hex digits in upper case.
        has_pairs: Whether it escapes what needs two surrogates in UTF-16, such as emoji.
        has_quotes: Whether it writes `\u0022` for a quotation mark.
        characters: How it writes further characters.
    """

    is_ascii: bool = False
    is_upper: bool = False
    has_pairs: bool = False
    has_quotes: bool = False
    characters: Mapping[int, str] = {}

    def apply(self, text: str) -> str:
        """Escape a document that `json` wrote with the same `ensure_ascii`."""
        if self.is_upper or self.has_quotes:
            text = _ESCAPE.sub(self._again, text)
        if self.has_pairs:
            text = _SUPPLEMENTARY.sub(_pair, text)
        return text.translate(self.characters)

    def _again(self, found: re.Match[str]) -> str:
        if found[1] == '"':
            return "\\u0022" if self.has_quotes else found[0]
        return f"\\u{found[1][1:].upper()}" if self.is_upper and len(found[1]) > 1 else found[0]


def _pair(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be").hex().upper()
    return f"\\u{units[:4]}\\u{units[4:]}"


# System.Text.Json escapes what HTML, or UTF-7 within it, might take for markup.
_DOTNET = _escaped("&'+<>`", is_upper=True)
_DOTNET_SPACES = _escaped("\x7f\x85\xa0\u2028\u2029\u3000\ufeff", is_upper=True)
SERIALISERS: Mapping[str, Escaping] = {
    "with \\u002B for +, as .NET's System.Text.Json does": Escaping(
        is_ascii=True, is_upper=True, has_quotes=True, characters=_DOTNET
    ),
    "with \\u002B for + and other characters not escaped, as .NET's System.Text.Json can": Escaping(
        is_upper=True, has_pairs=True, has_quotes=True, characters=_DOTNET | _DOTNET_SPACES
    ),
    "with emoji escaped, as .NET's UnsafeRelaxedJsonEscaping does": Escaping(
        is_upper=True, has_pairs=True, characters=_DOTNET_SPACES
    ),
    "with U+0085, U+2028 and U+2029 escaped, as Newtonsoft.Json does": Escaping(
        characters=_escaped("\x85") | _LINE_ENDS
    ),
    "with <, >, &, ' and quotation marks escaped, as Newtonsoft.Json can": Escaping(
        has_quotes=True, characters=_escaped("<>&'\x85") | _LINE_ENDS
    ),
    "with \\u00E9 for other characters, as Jackson's ESCAPE_NON_ASCII does": Escaping(
        is_ascii=True, is_upper=True
    ),
    "with <, >, &, = and ' escaped, as Gson does": Escaping(
        characters=_escaped("<>&='") | _LINE_ENDS
    ),
    "with slashes, @, % and \\u003C for < escaped, as Meta does": Escaping(
        is_ascii=True, characters=SLASHES | _escaped("<@%", is_upper=True)
    ),
    "with slashes and \\u003C for < escaped, as PHP's JSON_HEX flags do": Escaping(
        is_ascii=True, has_quotes=True, characters=SLASHES | _escaped("<>&'", is_upper=True)
    ),
    "with slashes, U+2028 and U+2029 escaped, as PHP's JSON_UNESCAPED_UNICODE does": Escaping(
        characters=SLASHES | _LINE_ENDS
    ),
}
"""What well-known serialisers do, besides those that `serialisation` has."""

_OTHERS: Mapping[str, Escaping] = {
    "": Escaping(),
    "other characters as \\u00e9": Escaping(is_ascii=True),
    "other characters as \\u00E9": Escaping(is_ascii=True, is_upper=True),
}
_SLASH: Mapping[str, dict[int, str]] = {"": {}, "/ as \\/": SLASHES}
_MARKUP: Mapping[str, dict[int, str]] = {
    "": {},
    "+ as \\u002B": _escaped("+", is_upper=True),
    "< as \\u003C": _escaped("<", is_upper=True),
    "< and > as \\u003c": _escaped("<>"),
    "< and > as \\u003C": _escaped("<>", is_upper=True),
    "<, > and & as \\u003c": _escaped("<>&"),
    "<, > and & as \\u003C": _escaped("<>&", is_upper=True),
    "' as \\u0027": _escaped("'"),
    "& as \\u0026": _escaped("&"),
    "<, >, & and ' as \\u003c": _escaped("<>&'"),
    "<, >, & and ' as \\u003C": _escaped("<>&'", is_upper=True),
    "<, >, &, ' and + as \\u003C": _escaped("<>&'+", is_upper=True),
}


def _combinations() -> Iterator[tuple[str, Escaping]]:
    for (others, base), (slash, first), (markup, second) in product(
        _OTHERS.items(), _SLASH.items(), _MARKUP.items()
    ):
        named = [name for name in (others, slash, markup) if name]
        name = f"with {', '.join(named)}" if named else "with no characters escaped"
        yield name, msgspec.structs.replace(base, characters=first | second)


COMBINATIONS: Mapping[str, Escaping] = dict(_combinations())
"""Further ways; whitespace and numbers stay as they arrived."""


def rewritten(text: str, *, is_ascii: bool) -> str:
    """Write the strings of a JSON document anew, and leave the rest as it stands.

    Args:
        text: A valid document.
        is_ascii: Whether every non-ASCII character is escaped.
    """

    def write(found: re.Match[str]) -> str:
        return json.dumps(json.loads(found[0]), ensure_ascii=is_ascii)

    return _STRING.sub(write, text)
