"""Signature vectors signed again, with another secret and at another time than their files have.

So a running receiver, whose secret is not the file's and whose clock goes on, is asked the same.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from lyftr_core.signatures.keyed_hmac import KeyedHmac
from lyftr_core.signatures.schemes import SignedRequest
from lyftr_core.signatures.standard_webhooks import decode_secret
from lyftr_core.vectors import SignatureVector, SignatureVectors, content_bytes

__all__ = ["SecretMissing", "sign_again"]

_PLACEHOLDER = re.compile(rb"\{(\w+)\}")
_CONTENT = {"lyftr": "{body}", "standard": "{id}.{timestamp}.{body}"}
_ENCODING = {"lyftr": "hex", "standard": "base64"}
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_TO_FULL_WIDTH = str.maketrans("0123456789", "".join(chr(0xFF10 + digit) for digit in range(10)))

Values = Mapping[bytes, bytes]


class SecretMissing(LookupError):
    """A case is about the secret before, and there is none."""


def sign_again(
    vectors: SignatureVectors,
    vector: SignatureVector,
    *,
    secret: str,
    previous: str | None = None,
    now: datetime,
) -> SignedRequest:
    """Fill in the template of a case.

    Args:
        vectors: The file that the case is from.
        vector: The case.
        secret: The secret of the receiver.
        previous: The one before it, which still counts.
        now: What the receiver's clock says; aware.

    Raises:
        SecretMissing: The case is about the secret before, and none is given.
        ValueError: A secret has not the form that the scheme wants.

    Example:
        >>> from datetime import UTC, datetime
        >>> from lyftr_core.vectors import load_vectors
        >>> vectors = load_vectors()["hex_hmac_sha256"]
        >>> now = datetime(2026, 1, 15, tzinfo=UTC)
        >>> sign_again(vectors, vectors.cases[0], secret="s", now=now).headers[0][0]
        b'X-Signature'
    """
    body, signing = content_bytes(vector.body), vector.signing
    times = _times(now - timedelta(seconds=signing.age))
    template = _CONTENT[vectors.scheme] if signing.content is None else signing.content
    content = _fill(template.encode(), _signed_parts(vector, times, body))
    digest = KeyedHmac(_key(vectors, vector, secret, previous)).digest(content)
    signature = _ENCODERS[signing.encoding or _ENCODING[vectors.scheme]](digest)
    values = {**times, b"signature": signature[: signing.length].encode()}
    return SignedRequest(_headers(vector, values), body)


def _times(moment: datetime) -> Values:
    """Return the moment in seconds since 1970, in ASCII digits and in full-width ones."""
    seconds = str(int(moment.timestamp()))
    return {
        b"timestamp": seconds.encode(),
        b"full_width_timestamp": seconds.translate(_TO_FULL_WIDTH).encode(),
    }


def _signed_parts(vector: SignatureVector, times: Values, body: bytes) -> Values:
    """Return what the signed content is put together from, as it is sent."""
    sent = {
        b"webhook-id": b"",
        b"webhook-timestamp": times[b"timestamp"],
        **{name.lower(): value for name, value in _headers(vector, times)},
    }
    return {b"id": sent[b"webhook-id"], b"timestamp": sent[b"webhook-timestamp"], b"body": body}


def _headers(vector: SignatureVector, values: Values) -> tuple[tuple[bytes, bytes], ...]:
    return tuple(
        (name.encode(), _fill(content_bytes(value), values)) for name, value in vector.template
    )


def _fill(template: bytes, values: Values) -> bytes:
    """Put values in the places of their names in braces; other braces stay."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), template)


def _key(
    vectors: SignatureVectors, vector: SignatureVector, secret: str, previous: str | None
) -> bytes:
    which = vector.signing.secret
    if which == "previous":
        if previous is None:
            raise SecretMissing(vector.name)
        secret = previous
    elif which == "other":
        secret = vectors.other_secret
    if vectors.scheme == "standard" and which != "undecoded":
        return decode_secret(secret)
    return secret.encode(errors="surrogateescape")  # as an environment variable has it


def _mixed(digest: bytes) -> str:
    """Return hex digits whose second half is in upper case."""
    digits = digest.hex()
    return digits[: len(digest)] + digits[len(digest) :].upper()


def _unused_bits(digest: bytes) -> str:
    """Return base64 that a lenient decoder reads as the same bytes: it has bits that do not count.

    32 bytes are 42 characters, one more of which 4 of 6 bits count, and a padding character.
    """
    encoded = b64encode(digest).decode()
    return encoded[:42] + _BASE64[_BASE64.index(encoded[42]) + 1] + encoded[43:]


_ENCODERS: Mapping[str, Callable[[bytes], str]] = {
    "hex": bytes.hex,
    "hex_upper": lambda digest: digest.hex().upper(),
    "hex_mixed": _mixed,
    "base64": lambda digest: b64encode(digest).decode(),
    "base64_unused_bits": _unused_bits,
}
