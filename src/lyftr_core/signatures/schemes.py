"""Who sent a request: the signed request, the proof, and the schemes that turn one into the other.

First stage of a webhook's way. A `VerifiedBody` is the only thing `lyftr_core.parsing` takes, so
a type checker refuses code that parses bytes before a scheme has verified them.
"""

import hmac
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Protocol, Self, final

import msgspec

from lyftr_core.errors import InvalidSignature, SecretNotConfigured
from lyftr_core.signatures.keyed_hmac import KeyedHmac

__all__ = [
    "HexHmacSha256",
    "RequestSigner",
    "SignatureScheme",
    "SignedRequest",
    "SigningKey",
    "UnconfiguredScheme",
    "VerifiedBody",
    "raw_body",
    "require_request",
]

_PREFIX = b"sha256="
_NO_BYTES = (
    "the headers must be pairs of bytes, as ASGI has them; for text use SignedRequest.from_text"
)
_NO_TEXT = (
    "the headers must be a mapping of text to text, or pairs of text; for bytes, as ASGI has them,"
    " use SignedRequest(headers, body)"
)


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
            them; any iterable of pairs is made a tuple. Names are compared without regard to case.
        body: The raw body, byte for byte; a `bytearray` or a `memoryview` is copied.

    Raises:
        TypeError: The body is no bytes, or the headers cannot be iterated over. That headers are
            no pairs of bytes is found when one that is looked for is not there.
    """

    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def __post_init__(self) -> None:
        # Two looks at types: all that the way of an ordinary webhook pays.
        if type(self.headers) is not tuple or type(self.body) is not bytes:
            from msgspec.structs import force_setattr  # noqa: PLC0415 - seldom needed

            force_setattr(self, "headers", _pairs(self.headers))
            force_setattr(self, "body", raw_body(self.body))

    @classmethod
    def from_text(cls, headers: Mapping[str, str] | Iterable[tuple[str, str]], body: bytes) -> Self:
        """Make a request from headers as text, as WSGI frameworks and test clients have them.

        Args:
            headers: A mapping of names to values, or pairs of them; the headers of requests,
                httpx, Flask, Django and Starlette are taken as they are. Latin-1 is what HTTP
                headers are read as; a character outside it becomes `?`, with which no signature
                verifies.
            body: The raw body.

        Raises:
            TypeError: The headers are no text, or the body is no bytes.

        Example:
            >>> request = SignedRequest.from_text([("X-Signature", "0123")], b"{}")
            >>> request.header_values(b"x-signature")
            [b'0123']
        """
        try:
            encoded = tuple(
                (name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
                for name, value in _pairs(headers)
            )
        except (AttributeError, TypeError, ValueError) as exc:
            raise TypeError(_NO_TEXT) from exc
        return cls(encoded, body)

    def header_values(self, name: bytes) -> list[bytes]:
        """Return every value of a header, in the order sent.

        White space around a value is no part of it (RFC 9110, section 5.5).

        Args:
            name: The header's name in lower case.

        Raises:
            TypeError: The headers are no pairs of bytes, or the name is no bytes.
            ValueError: The name is not in lower case.
        """
        values = []  # a loop, as a comprehension costs a call in Python 3.11
        try:
            length = len(name)
            for key, value in self.headers:
                if len(key) == length and key.lower() == name:
                    values.append(value.strip(b" \t"))
        except (AttributeError, TypeError, ValueError):
            values.clear()
        if not values:
            _explain(self.headers, name)
        return values


def raw_body(body: object) -> bytes:
    """Return the bytes of a body.

    Raises:
        TypeError: It is text, or anything else.
    """
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(body)
    raise TypeError(f"the body must be the raw bytes that were sent, not {type(body).__name__}")


def require_request(request: object, taker: str = "verify") -> None:
    """See that what is to be verified is a request; asked after it failed, as it costs a call.

    Raises:
        TypeError: It is anything else.
    """
    if not isinstance(request, SignedRequest):
        raise TypeError(f"{taker} takes a SignedRequest, not {type(request).__name__}")


def _pairs(headers: Any) -> tuple[Any, ...]:  # noqa: ANN401 - whatever a framework has
    """Return names and values; those of httpx would be joined in `items`."""
    try:
        for name in ("multi_items", "items"):
            if method := getattr(headers, name, None):
                return tuple(method())
        return tuple(headers)
    except TypeError as exc:
        raise TypeError(_NO_BYTES) from exc


def _explain(headers: tuple[Any, ...], name: object) -> None:
    """See whether a header was not found since the caller mixed up text and bytes."""
    if not isinstance(name, bytes):
        raise TypeError(f"the name of a header must be bytes, not {type(name).__name__}")
    if name != name.lower():
        raise ValueError("the name of a header must be in lower case")
    for pair in headers:
        match pair:
            case (bytes(), bytes()):
                pass
            case _:
                raise TypeError(_NO_BYTES)


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
        secret: The shared secret; text stands for its UTF-8 bytes, and a surrogate of
            `surrogateescape` for the byte that Python has read as one. It signs.
        previous: The secret that `secret` takes the place of; it verifies too.

    Raises:
        TypeError: A secret is neither text nor bytes.
        ValueError: A secret is empty, or text that stands for no bytes.

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
        try:
            values = request.header_values(self.HEADER)
        except (AttributeError, TypeError):
            require_request(request)
            raise
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
    if not isinstance(secret, str | bytes | bytearray | memoryview):
        raise TypeError(f"the secret must be text or bytes, not {type(secret).__name__}")
    try:
        key = secret.encode(errors="surrogateescape") if isinstance(secret, str) else bytes(secret)
    except UnicodeEncodeError:  # which repeats a character of it
        raise ValueError("the secret must be text that UTF-8 can hold, or bytes") from None
    if not key:
        raise ValueError("the secret must not be empty")
    return KeyedHmac(key)
