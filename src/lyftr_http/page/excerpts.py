"""A text in one line, and where in it a search found something."""

from collections.abc import Iterator

__all__ = ["Piece", "excerpt", "marked"]

Piece = tuple[str, bool]
"""A piece of a text, and whether it is what was searched for."""

_LENGTH = 240
"""How much of a text a line shows, in characters."""
_BEFORE = 40
"""How much of that stands before what was found."""


def excerpt(text: str, q: str | None) -> list[Piece]:
    """Return a part of a text with what was found in it, white space folded.

    Args:
        text: The whole text.
        q: What was searched for, if anything.
    """
    line = " ".join(text.split())
    first = next(_matches(line, q), None) if q else None
    start = max(0, first[0] - _BEFORE) if first and first[1] > _LENGTH else 0
    part = line[start : start + _LENGTH]
    before = "…" if start else ""
    after = "…" if start + _LENGTH < len(line) else ""
    return marked(f"{before}{part}{after}", q)


def marked(text: str, q: str | None) -> list[Piece]:
    """Return a text in pieces, with those marked that a search found.

    Args:
        text: The text.
        q: What was searched for, if anything.
    """
    pieces: list[Piece] = []
    end = 0
    for begin, behind in _matches(text, q) if q else ():
        pieces += [(text[end:begin], False), (text[begin:behind], True)]
        end = behind
    return [piece for piece in [*pieces, (text[end:], False)] if piece[0]]


def _matches(text: str, q: str) -> Iterator[tuple[int, int]]:
    """Give the places, in the text as it is, that hold the search text in any case."""
    origins = [index for index, char in enumerate(text) for _ in char.casefold()]
    folded, wanted = text.casefold(), q.casefold()
    end = 0
    place = folded.find(wanted)
    while place >= 0:
        begin, last = origins[place], origins[place + len(wanted) - 1]
        if begin >= end:
            yield begin, last + 1
            end = last + 1
        place = folded.find(wanted, place + len(wanted))
