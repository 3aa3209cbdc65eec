"""Which key a sender may have made of a secret."""

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence

import msgspec

from lyftr_core.signatures.standard_webhooks import SECRET_PREFIX, decode_secret
from lyftr_diagnosis.causes import Cause, Difference
from lyftr_diagnosis.options import Option, distinct

__all__ = ["Secrets", "is_standard", "standard_keys", "text_keys"]

_PREFIX = SECRET_PREFIX.encode()
_STANDARD_ALPHABET = bytes.maketrans(b"-_", b"+/")
_QUOTED = re.compile(rb"([\"'])(.+)\1", re.DOTALL)
_PLACEHOLDERS = ("undefined", "null", "None")

_Reading = tuple[Difference, Callable[[bytes], bytes | None]]
"""A difference, and what makes the key in its way; `None` where the secret has not its form."""


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """The secrets to diagnose with.

    Attributes:
        current: The secret as it is configured, byte for byte; not empty.
        previous: The one that it takes the place of, if any; not empty.
    """

    current: bytes
    previous: bytes | None = None

    def __post_init__(self) -> None:
        if not self.current or self.previous == b"":
            raise ValueError("a secret must not be empty")

    def __repr__(self) -> str:
        return f"{type(self).__name__}(<secrets>)"


def text_keys(secrets: Secrets) -> list[Option[bytes]]:
    """Return the keys where the secret should be used as it stands, the right one first."""
    return _keys(secrets, _as_text)


def standard_keys(secrets: Secrets) -> list[Option[bytes]]:
    """Return the keys where the secret should be `whsec_` and base64, the right one first.

    Where the secret has another form there is no right one.
    """
    return _keys(secrets, _as_standard)


def is_standard(secret: bytes) -> bool:
    """Tell whether a secret has the form that Standard Webhooks want."""
    try:
        decode_secret(secret.decode())
    except ValueError:  # also where it is no UTF-8
        return False
    return True


def _keys(
    secrets: Secrets, readings: Callable[[bytes], Iterator[Option[bytes]]]
) -> list[Option[bytes]]:
    options = _of_one(secrets.current, readings)
    if secrets.previous is not None:
        note = Difference(Cause.PREVIOUS_SECRET)
        options += [
            Option(option.value, (note, *option.differences))
            for option in _of_one(secrets.previous, readings)
        ]
    return distinct([*options, *_without_secret()])


def _of_one(
    secret: bytes, readings: Callable[[bytes], Iterator[Option[bytes]]]
) -> list[Option[bytes]]:
    """Return the keys of one secret, those with fewer causes first."""
    options = [
        Option(key.value, (*cleaned.differences, *key.differences))
        for cleaned in _cleaned(secret)
        for key in readings(cleaned.value)
    ]
    return sorted(options, key=lambda option: len(option.differences))


def _cleaned(secret: bytes) -> Iterator[Option[bytes]]:
    """Return the secret as it stands, and without what may have come around it here."""
    yield Option(secret)
    stripped = secret.strip()
    if stripped:
        yield Option(stripped, (Difference(Cause.SECRET_STRIPPED),))
    quoted = _QUOTED.fullmatch(stripped)
    if quoted:
        yield Option(quoted[2], (Difference(Cause.SECRET_UNQUOTED),))


def _as_text(secret: bytes) -> Iterator[Option[bytes]]:
    yield Option(secret)
    yield from _read(secret, (*_DECODINGS, *_ADDITIONS))
    if secret.startswith(_PREFIX):
        decoded = _base64(secret.removeprefix(_PREFIX))
        if decoded is not None:
            yield Option(decoded, (Difference(Cause.SECRET_AS_STANDARD),))


def _as_standard(secret: bytes) -> Iterator[Option[bytes]]:
    key = decode_secret(secret.decode()) if is_standard(secret) else None
    if key is not None:
        yield Option(key)
    yield Option(secret, (Difference(Cause.SECRET_AS_TEXT),))
    # Decoded in more ways than the form allows: without its prefix or padding, or base64url.
    decoded = _base64(secret.removeprefix(_PREFIX))
    if decoded is not None:
        yield Option(decoded, (Difference(Cause.SECRET_BASE64_DECODED),))
    yield from _read(secret, _HEX_DECODING)
    if key is not None:
        yield from _read(key, _ENCODINGS)
    yield from _read(secret, _ADDITIONS)


def _without_secret() -> Iterator[Option[bytes]]:
    yield Option(b"", (Difference(Cause.SECRET_EMPTY),))
    for word in _PLACEHOLDERS:
        yield Option(word.encode(), (Difference(Cause.SECRET_PLACEHOLDER, word),))


def _read(secret: bytes, readings: Sequence[_Reading]) -> Iterator[Option[bytes]]:
    for difference, reading in readings:
        key = reading(secret)
        if key is not None:
            yield Option(key, (difference,))


def _base64(text: bytes) -> bytes | None:
    """Decode base64 or base64url, padded or not."""
    digits = text.translate(_STANDARD_ALPHABET).replace(b"=", b"")
    try:
        return b64decode(digits + b"=" * (-len(digits) % 4), validate=True) or None
    except binascii.Error:
        return None


def _hex(text: bytes) -> bytes | None:
    try:
        return binascii.unhexlify(text) or None
    except binascii.Error:
        return None


def _without_prefix(secret: bytes) -> bytes | None:
    return secret.removeprefix(_PREFIX) or None


def _hex_without_prefix(secret: bytes) -> bytes | None:
    return _hex(secret.removeprefix(_PREFIX))


_HEX_DECODING: tuple[_Reading, ...] = (
    (Difference(Cause.SECRET_HEX_DECODED), _hex_without_prefix),
    (Difference(Cause.SECRET_PREFIX_REMOVED), _without_prefix),
)
_DECODINGS: tuple[_Reading, ...] = (
    (Difference(Cause.SECRET_BASE64_DECODED), _base64),
    *_HEX_DECODING,
)
_ENCODINGS: tuple[_Reading, ...] = (
    (Difference(Cause.SECRET_BASE64_ENCODED), b64encode),
    (Difference(Cause.SECRET_HEX_ENCODED), binascii.hexlify),
)
_ADDITIONS: tuple[_Reading, ...] = (
    (Difference(Cause.SECRET_NEWLINE_ADDED, "LF"), lambda secret: secret + b"\n"),
    (Difference(Cause.SECRET_NEWLINE_ADDED, "CRLF"), lambda secret: secret + b"\r\n"),
    (Difference(Cause.SECRET_QUOTED), lambda secret: b'"' + secret + b'"'),
    (Difference(Cause.SECRET_QUOTED), lambda secret: b"'" + secret + b"'"),
    *_ENCODINGS,
)
