"""Text of strangers, made harmless for a terminal.

Control characters move the cursor, rename the window or answer in the user's name; format
characters turn a line round or hide a part of it.
"""

import re

__all__ = ["escaped", "escaped_json"]

# What Python calls unprintable and is harmless: spaces of other widths, and the joiners that the
# scripts of India and many emoji need.
_HARMLESS = frozenset(
    "\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200c\u200d"
    "\u202f\u205f\u3000"
)
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ASCII = re.compile(r"[ -~]*")


def escaped(text: str) -> str:
    """Return a text on one line, whatever could disturb a terminal written as JSON writes it.

    It is for reading: what it makes of a line feed may have been a backslash and an n.
    """
    if text.isprintable():
        return text
    return "".join(char if _is_harmless(char) else _SHORT.get(char) or _code(char) for char in text)


def escaped_json(document: str) -> str:
    """Return a JSON document without such characters, so that it reads as the same values.

    Args:
        document: On one line; outside its strings it has ASCII alone.
    """
    if _ASCII.fullmatch(document):
        return document
    return "".join(char if _is_harmless(char) else _code(char) for char in document)


def _is_harmless(char: str) -> bool:
    return char.isprintable() or char in _HARMLESS


def _code(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))
