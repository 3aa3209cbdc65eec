"""How a sender may have written a signature: the readings of a header's value."""

import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence

import msgspec

from lyftr_diagnosis.causes import Cause, Difference

__all__ = ["HEX", "STANDARD", "Claim", "Form", "claims", "describe", "written_as"]

_SHORTEST = 16
"""Fewer characters of a signature are no proof that it was this one."""
_LONGEST = 1_024
_MOST = 16
_SHOWN = 16
_QUOTES = "\"'`"
_LABEL = r"[A-Za-z0-9_-]{1,20}"
_PREFIX = re.compile(rf"(0[xX]|(?:{_LABEL}\s*[=:,]\s*)+|{_LABEL}\s+)([^\s=:,].*)", re.DOTALL)
_VERSION = re.compile(r"v[0-9]{1,3}[a-z]?,")
_SEPARATORS = re.compile(r"[,;\s]+")


class Encoding(msgspec.Struct, frozen=True):
    """One way to write bytes as text, and what is other than the scheme wants."""

    encode: Callable[[bytes], str]
    differences: tuple[Difference, ...] = ()
    any_case: bool = False


class Form(msgspec.Struct, frozen=True):
    """How a scheme wants a signature written.

    Attributes:
        prefixes: What may stand before it.
        encodings: How the bytes may be written, the right way first.
    """

    prefixes: tuple[str, ...]
    encodings: tuple[Encoding, ...]


class Claim(msgspec.Struct, frozen=True):
    """What stands for the signature in a header.

    Attributes:
        text: The encoded signature, perhaps.
        differences: What had to be taken away to get it.
    """

    text: str
    differences: tuple[Difference, ...] = ()


def _hex_in_base64(digest: bytes) -> str:
    return b64encode(digest.hex().encode()).decode()


def _base64(digest: bytes) -> str:
    return b64encode(digest).decode()


def _base64url(digest: bytes) -> str:
    return urlsafe_b64encode(digest).decode()


def _base64_unpadded(digest: bytes) -> str:
    return _base64(digest).replace("=", "")


def _base64url_unpadded(digest: bytes) -> str:
    return _base64url(digest).replace("=", "")


_UNPADDED = Difference(Cause.VALUE_UNPADDED)
_IN_BASE64 = Difference(Cause.VALUE_BASE64)
_IN_BASE64URL = Difference(Cause.VALUE_BASE64URL)
_URL_AND_HEX = (
    Encoding(_base64url, (_IN_BASE64URL,)),
    Encoding(_base64url_unpadded, (_IN_BASE64URL, _UNPADDED)),
    Encoding(_hex_in_base64, (Difference(Cause.VALUE_BASE64_OF_HEX),)),
)
HEX = Form(
    prefixes=("", "sha256="),
    encodings=(
        Encoding(bytes.hex, any_case=True),
        Encoding(_base64, (_IN_BASE64,)),
        Encoding(_base64_unpadded, (_IN_BASE64, _UNPADDED)),
        *_URL_AND_HEX,
    ),
)
"""As `X-Signature` has it."""
STANDARD = Form(
    prefixes=("v1,",),
    encodings=(
        Encoding(_base64),
        Encoding(_base64_unpadded, (_UNPADDED,)),
        *_URL_AND_HEX,
        Encoding(bytes.hex, (Difference(Cause.VALUE_HEX),), any_case=True),
    ),
)
"""As `webhook-signature` has it."""


def claims(value: bytes, form: Form) -> list[Claim]:
    """Return what in a header's value may be the signature, the whole value first."""
    text = "".join(map(chr, value[:_LONGEST]))
    if form is STANDARD:
        pieces = [Claim(piece) for piece in text.split(" ") if piece]
    else:
        several = Difference(Cause.VALUE_LIST)
        pieces = [Claim(text), *(Claim(piece, (several,)) for piece in _SEPARATORS.split(text))]
    return [_bare(piece, form) for piece in pieces[:_MOST]]


def _bare(claim: Claim, form: Form) -> Claim:
    """Take away what stands around the signature, and note it."""
    differences = list(claim.differences)
    text = _unwrapped(claim.text, differences)
    found = _PREFIX.fullmatch(text)
    prefix, text = (found[1], found[2]) if found else ("", text)
    compact = re.sub(r"\s", "", prefix)
    text = _unwrapped(text, differences)
    if compact != prefix and compact.endswith(("=", ":", ",")):
        differences.append(Difference(Cause.VALUE_WHITESPACE))
    if compact not in form.prefixes:
        differences.append(_prefix_difference(compact, form))
    return Claim(text, tuple(dict.fromkeys(differences)))


def _unwrapped(text: str, differences: list[Difference]) -> str:
    stripped = text.strip()
    if stripped != text:
        differences.append(Difference(Cause.VALUE_WHITESPACE))
    unquoted = stripped.strip(_QUOTES)
    if unquoted != stripped:
        differences.append(Difference(Cause.VALUE_QUOTED))
    return unquoted


def _prefix_difference(prefix: str, form: Form) -> Difference:
    if form is STANDARD and not prefix:
        return Difference(Cause.VERSION_MISSING)
    if form is STANDARD and _VERSION.fullmatch(prefix):
        return Difference(Cause.VERSION_OTHER, prefix.removesuffix(","))
    # Not much of it: where hex digits have colons between them, it is the signature.
    shown = prefix if len(prefix) <= _SHOWN else prefix[: _SHOWN // 2] + "..."
    return Difference(Cause.VALUE_PREFIX, shown)


def written_as(digest: bytes, text: str, form: Form) -> tuple[Difference, ...] | None:
    """Tell how a digest is written in a text.

    Nothing here takes constant time, as the server's comparison does: it is for those who have
    the secret.

    Returns:
        What is other than the form wants, or `None` where the text is no signature of it.
    """
    texts = [(encoding, encoding.encode(digest)) for encoding in form.encodings]
    for encoding, right in texts:
        if right == _folded(text, encoding):
            return encoding.differences
    for encoding, right in texts:
        if len(text) >= _SHORTEST and right.startswith(_folded(text, encoding)):
            cut = Difference(Cause.VALUE_TRUNCATED, f"{len(text)} of {len(right)}")
            return (*encoding.differences, cut)
    return None


def _folded(text: str, encoding: Encoding) -> str:
    return text.lower() if encoding.any_case else text


_DIGESTS = {32: "MD5", 40: "SHA-1", 56: "SHA-224", 64: "SHA-256", 96: "SHA-384", 128: "SHA-512"}


def describe(claimed: Sequence[Claim], form: Form, header: str) -> Iterator[Difference]:
    """Say of a value that explains nothing what is other about its form."""
    if not claimed or not claimed[0].text:
        yield Difference(Cause.VALUE_EMPTY, header)
        return
    if any(_has_form(claim, form) for claim in claimed):
        return
    yield from claimed[0].differences
    if Cause.VERSION_OTHER not in {difference.cause for difference in claimed[0].differences}:
        yield Difference(Cause.VALUE_FORM, _description(claimed[0].text))


def _description(text: str) -> str:
    length = len(text)
    if re.fullmatch("[0-9a-fA-F]+", text):
        known = f", as {_DIGESTS[length]} has them" if length in _DIGESTS else ""
        return f"{length} hex digits{known}"
    if re.fullmatch("[0-9a-zA-Z+/_-]+=*", text):
        return f"{length} characters that may be base64"
    return f"{length} characters that are no hex and no base64"


def _has_form(claim: Claim, form: Form) -> bool:
    zeros = form.encodings[0].encode(bytes(32))
    if claim.differences or len(claim.text) != len(zeros):
        return False
    alphabet = "[0-9a-fA-F]+" if form is HEX else "[0-9a-zA-Z+/]{43}="
    return re.fullmatch(alphabet, claim.text) is not None
