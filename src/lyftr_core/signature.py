"""Who sent a request: the signed request, the proof, and the schemes that turn one into the other.

First stage of a webhook's way. A `VerifiedBody` is the only thing `lyftr_core.parsing` takes, so
a type checker refuses code that parses bytes before a scheme has verified them.
"""

import hmac
from collections.abc import Iterable
from enum import StrEnum
from typing import Protocol, Self, final

import msgspec

from lyftr_core.errors import InvalidSignature, SecretNotConfigured
from lyftr_core.keyed_hmac import KeyedHmac

__all__ = [
    "HexHmacSha256",
    "RequestSigner",
    "SignatureScheme",
    "SignedRequest",
    "SigningKey",
    "UnconfiguredScheme",
    "VerifiedBody",
]

_PREFIX = b"sha256="


class SigningKey(StrEnum):
    """Which of two secrets: while one takes the place of another, requests come with either."""

    CURRENT = "current"
    PREVIOUS = "previous"


# Python 3.11 takes a tenth of a microsecond to find a member by its name.
_CURRENT, _PREVIOUS = SigningKey


class SignedRequest(msgspec.Struct, frozen=True):
    """A request as it arrived: nothing about it is believed yet.

    Attributes:
        headers: Name and value pairs in the order sent, repeated names repeated, as ASGI gives
            them. Names are compared without regard to case.
        body: The raw body, byte for byte.
    """

    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @classmethod
    def from_text(cls, headers: Iterable[tuple[str, str]], body: bytes) -> Self:
        """Make a request from headers as text, as WSGI frameworks and test clients have them.

        Args:
            headers: Name and value pairs. Latin-1 is what HTTP headers are read as; a character
                outside it becomes `?`, with which no signature verifies.
            body: The raw body.

        Example:
            >>> request = SignedRequest.from_text([("X-Signature", "0123")], b"{}")
            >>> request.header_values(b"x-signature")
            [b'0123']
        """
        return cls(
            tuple(
                (k.encode("latin-1", "replace"), v.encode("latin-1", "replace")) for k, v in headers
            ),
            body,
        )

    def header_values(self, name: bytes) -> list[bytes]:
        """Return every value of a header, in the order sent.

        White space around a value is no part of it (RFC 9110, section 5.5).

        Args:
            name: The header's name in lower case.
        """
        length = len(name)
        values = []  # a loop, as a comprehension costs a call in Python 3.11
        for key, value in self.headers:
            if len(key) == length and key.lower() == name:
                values.append(value.strip(b" \t"))
        return values


@final
class VerifiedBody(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A body whose sender is proven. Let only a signature scheme make one.

    Attributes:
        content: The raw body.
        key: Which secret it was signed with.
    """

    content: bytes
    key: SigningKey = SigningKey.CURRENT

    def __repr__(self) -> str:
        return f"{type(self).__name__}(<{len(self.content)} bytes>)"


class SignatureScheme(Protocol):
    """A way to prove who sent a request."""

    def verify(self, request: SignedRequest) -> VerifiedBody:
        """Verify a request.

        Verification is total: whatever bytes arrive, it returns or raises one of these.

        Raises:
            InvalidSignature: The signature is missing, malformed or wrong.
            SecretNotConfigured: There is no secret to verify with.
        """
        ...


class RequestSigner(Protocol):
    """What a sender does, so that the scheme of the same name verifies the request."""

    def signature_headers(self, body: bytes) -> list[tuple[str, str]]:
        """Return the headers, as names and values, that sign a body."""
        ...


class HexHmacSha256:
    """`X-Signature`: the hex digits of HMAC-SHA256(secret, raw body), RFC 2104 and FIPS 180-4.

    The hex digits may be of any letter case and may follow `sha256=`. A header sent twice is
    refused. The comparison takes constant time, whichever secret matches.

    Args:
        secret: The shared secret; text stands for its UTF-8 bytes. It signs.
        previous: The secret that `secret` takes the place of; it verifies too.

    Raises:
        ValueError: A secret is empty.

    Example:
        >>> scheme = HexHmacSha256("secret")
        >>> request = SignedRequest.from_text(scheme.signature_headers(b"{}"), b"{}")
        >>> scheme.verify(request).content
        b'{}'
    """

    HEADER = b"x-signature"

    def __init__(self, secret: str | bytes, *, previous: str | bytes | None = None) -> None:
        self._current = _keyed(secret)
        self._previous = None if previous is None else _keyed(previous)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(<secret>)"

    def sign(self, body: bytes) -> str:
        """Return the signature of a body as lower-case hex digits."""
        return self._current.hexdigest(body)

    def signature_headers(self, body: bytes) -> list[tuple[str, str]]:
        """Return the one header that signs a body."""
        return [("X-Signature", self.sign(body))]

    def verify(self, request: SignedRequest) -> VerifiedBody:
        """Verify the `X-Signature` header.

        Raises:
            InvalidSignature: The header is missing, repeated, malformed or wrong.
        """
        values = request.header_values(self.HEADER)
        if len(values) != 1:
            raise InvalidSignature
        # No look at the form: what is equal to 64 hex digits has it.
        claimed = values[0].removeprefix(_PREFIX).lower()
        body = request.body
        # Both are compared before either counts, so that time does not tell which matched.
        is_current = hmac.compare_digest(claimed, self._current.hexdigest(body).encode())
        is_previous = self._previous is not None and hmac.compare_digest(
            claimed, self._previous.hexdigest(body).encode()
        )
        if is_current or is_previous:
            return VerifiedBody(body, _CURRENT if is_current else _PREVIOUS)
        raise InvalidSignature


class UnconfiguredScheme:
    """Stands where a secret is missing: it verifies nothing and says why."""

    def verify(self, request: SignedRequest) -> VerifiedBody:  # noqa: ARG002 - the port names it
        """Refuse the request.

        Raises:
            SecretNotConfigured: Always.
        """
        raise SecretNotConfigured


def _keyed(secret: str | bytes) -> KeyedHmac:
    key = secret.encode() if isinstance(secret, str) else secret
    if not key:
        raise ValueError("the secret must not be empty")
    return KeyedHmac(key)
