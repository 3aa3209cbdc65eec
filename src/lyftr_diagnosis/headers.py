"""Which headers came, and which of them may hold a signature."""

import re
from collections.abc import Iterator, Mapping

from lyftr_core.signatures.schemes import SignedRequest
from lyftr_diagnosis.causes import Cause, Difference

__all__ = ["header_differences", "other_signatures", "renamed"]

_LIKE_A_SIGNATURE = re.compile(rb"sign|hmac|digest", re.IGNORECASE)
_INVISIBLE = re.compile(rb"[^!-~]")
_MOST = 8
_LONGEST = 40


def header_differences(request: SignedRequest, name: bytes) -> Iterator[Difference]:
    """Say whether a header is missing or repeated.

    Args:
        request: The request.
        name: The header's name in lower case.
    """
    values = request.header_values(name)
    if not values:
        yield Difference(Cause.HEADER_MISSING, f"{name.decode()} is missing{_hint(request, name)}")
    if len(values) > 1:
        yield Difference(Cause.HEADER_REPEATED, f"{name.decode()} came {len(values)} times")


def _hint(request: SignedRequest, name: bytes) -> str:
    if not name.endswith(b"signature"):
        return ""
    others = dict.fromkeys(other for other, _ in other_signatures(request))
    return f"; of those that came, these may be meant: {', '.join(others)}" if others else ""


def renamed(
    request: SignedRequest, names: Mapping[bytes, bytes]
) -> tuple[SignedRequest, tuple[Difference, ...]]:
    """Give headers that came under another name their right one, where that did not come.

    Args:
        request: The request.
        names: The right names by the others, in lower case.
    """
    missing = {other: right for other, right in names.items() if not request.header_values(right)}
    headers = tuple((missing.get(key.lower(), key), value) for key, value in request.headers)
    differences = tuple(
        Difference(Cause.HEADER_OTHER_NAME, f"{other.decode()}, not {right.decode()}")
        for other, right in missing.items()
        if request.header_values(other)
    )
    return SignedRequest(headers, request.body), differences


def other_signatures(request: SignedRequest) -> list[tuple[str, bytes]]:
    """Return name and value of headers that sound like a signature, a few at most."""
    found = [
        (_shown(key), value) for key, value in request.headers if _LIKE_A_SIGNATURE.search(key)
    ]
    return found[:_MOST]


def _shown(name: bytes) -> str:
    return _INVISIBLE.sub(b"?", name)[:_LONGEST].lower().decode()
