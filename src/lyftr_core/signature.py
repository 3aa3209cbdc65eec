"""Who sent a request: the signed request, the proof, and the schemes that turn one into the other.

First stage of a webhook's way. A `VerifiedBody` is the only thing `lyftr_core.parsing` takes, so
a type checker refuses code that parses bytes before a scheme has verified them.
"""

import hashlib
import hmac
from collections.abc import Iterable
from typing import Protocol, Self, final

import msgspec

from lyftr_core.errors import InvalidSignature, SecretNotConfigured

__all__ = [
    "HexHmacSha256",
    "SignatureScheme",
    "SignedRequest",
    "UnconfiguredScheme",
    "VerifiedBody",
]

_PREFIX = b"sha256="
# RFC 2104, section 2: what each byte of the key is combined with before the hashes.
_INNER_PAD = 0x36
_OUTER_PAD = 0x5C


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
        """
        return cls(
            tuple(
                (k.encode("latin-1", "replace"), v.encode("latin-1", "replace")) for k, v in headers
            ),
            body,
        )

    def header_values(self, name: bytes) -> list[bytes]:
        """Return every value of a header, in the order sent.

        Args:
            name: The header's name in lower case.
        """
        length = len(name)
        values = []  # a loop, as a comprehension costs a call in Python 3.11
        for key, value in self.headers:
            if len(key) == length and key.lower() == name:
                values.append(value)
        return values


@final
class VerifiedBody(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A body whose sender is proven. Let only a signature scheme make one."""

    content: bytes

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


class HexHmacSha256:
    """`X-Signature`: the hex digits of HMAC-SHA256(secret, raw body), RFC 2104 and FIPS 180-4.

    The hex digits may be of any letter case and may follow `sha256=`. A header sent twice is
    refused. The comparison takes constant time.

    Args:
        secret: The shared secret; text stands for its UTF-8 bytes.

    Raises:
        ValueError: The secret is empty.

    Example:
        >>> scheme = HexHmacSha256("secret")
        >>> request = SignedRequest.from_text([("X-Signature", scheme.sign(b"{}"))], b"{}")
        >>> scheme.verify(request).content
        b'{}'
    """

    HEADER = b"x-signature"

    def __init__(self, secret: str | bytes) -> None:
        key = secret.encode() if isinstance(secret, str) else secret
        if not key:
            raise ValueError("the secret must not be empty")
        # Keyed once and copied for each body: the key set-up is half the cost of an HMAC, and
        # copying the two hashes costs half of what copying an `hmac.HMAC` does.
        self._inner = _keyed_hash(key, _INNER_PAD)
        self._outer = _keyed_hash(key, _OUTER_PAD)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(<secret>)"

    def sign(self, body: bytes) -> str:
        """Return the signature of a body as lower-case hex digits."""
        inner = self._inner.copy()
        inner.update(body)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.hexdigest()

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
        if not hmac.compare_digest(claimed, self.sign(request.body).encode()):
            raise InvalidSignature
        return VerifiedBody(request.body)


class UnconfiguredScheme:
    """Stands where a secret is missing: it verifies nothing and says why."""

    def verify(self, request: SignedRequest) -> VerifiedBody:  # noqa: ARG002 - the port names it
        """Refuse the request.

        Raises:
            SecretNotConfigured: Always.
        """
        raise SecretNotConfigured


def _keyed_hash(key: bytes, pad: int) -> "hashlib._Hash":
    """Return one of the two hashes of an HMAC as it stands when the key is taken in."""
    keyed = hashlib.sha256()
    short = hashlib.sha256(key).digest() if len(key) > keyed.block_size else key
    keyed.update(bytes(byte ^ pad for byte in short.ljust(keyed.block_size, b"\0")))
    return keyed
