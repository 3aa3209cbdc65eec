"""Where a text holds what was searched for, as the search compares: by `str.casefold`."""

from collections.abc import Iterator

__all__ = ["parts_of"]


def parts_of(text: str, q: str | None) -> Iterator[tuple[str, bool]]:
    """Split a text into parts, and tell of each whether it was searched for.

    A character counts as found where a part of what it folds to was, as `ß` by `s`.
    """
    end = 0
    for start, stop in _places(text, q.casefold()) if q else ():
        if start > end:
            yield text[end:start], False
        if stop > end:
            yield text[max(start, end) : stop], True
            end = stop
    if end < len(text):
        yield text[end:], False


def _places(text: str, folded_q: str) -> Iterator[tuple[int, int]]:
    origin = [index for index, char in enumerate(text) for _ in char.casefold()]
    folded = text.casefold()
    at = folded.find(folded_q)
    while at >= 0:
        behind = at + len(folded_q)
        yield origin[at], origin[behind - 1] + 1
        at = folded.find(folded_q, behind)
