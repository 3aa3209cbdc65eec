"""HMAC-SHA256 with one key and many messages, on which every signature scheme here stands."""

import hashlib

__all__ = ["KeyedHmac"]

# RFC 2104, section 2: what each byte of the key is combined with before the hashes.
_INNER_PAD = 0x36
_OUTER_PAD = 0x5C


class KeyedHmac:
    """HMAC-SHA256, RFC 2104 and FIPS 180-4, keyed once and copied for each message.

    ADR 27 compares it with `hmac.digest` and with a copied `hmac.HMAC`.

    Args:
        key: The secret key, of any length.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        self._inner = _keyed_hash(key, _INNER_PAD)
        self._outer = _keyed_hash(key, _OUTER_PAD)

    def digest(self, message: bytes) -> bytes:
        """Return the 32 bytes of the HMAC of a message.

        Raises:
            TypeError: The message is text.
        """
        inner = self._inner.copy()
        try:
            inner.update(message)
        except (TypeError, BufferError):
            given: object = message
            if isinstance(given, memoryview):  # of bytes that do not lie in a row
                return self.digest(bytes(given))
            kind = type(given).__name__
            raise TypeError(f"the body must be the raw bytes that are sent, not {kind}") from None
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()

    def hexdigest(self, message: bytes) -> str:
        """Return them as 64 lower-case hex digits."""
        return self.digest(message).hex()


def _keyed_hash(key: bytes, pad: int) -> "hashlib._Hash":
    """Return one of the two hashes of an HMAC as it stands when the key is taken in."""
    keyed = hashlib.sha256()
    short = hashlib.sha256(key).digest() if len(key) > keyed.block_size else key
    keyed.update(bytes(byte ^ pad for byte in short.ljust(keyed.block_size, b"\0")))
    return keyed
