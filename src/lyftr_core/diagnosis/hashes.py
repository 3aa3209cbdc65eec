"""Which function of key and content a sender may have taken for HMAC-SHA256."""

import hashlib
import hmac
from collections.abc import Callable, Mapping

from lyftr_core.diagnosis.causes import Cause, Finding
from lyftr_core.diagnosis.options import Option

__all__ = ["HASHES"]

_Hash = Callable[[bytes, bytes], bytes]
_OTHERS: Mapping[str, str] = {
    "SHA-1": "sha1",
    "SHA-512": "sha512",
    "SHA-384": "sha384",
    "SHA-224": "sha224",
}
_WITHOUT_KEY: Mapping[str, str] = {"SHA-256": "sha256", "SHA-1": "sha1"}


def _hmac(name: str) -> _Hash:
    return lambda key, content: hmac.digest(key, content, name)


def _plain(name: str) -> _Hash:
    return lambda _key, content: hashlib.new(name, content, usedforsecurity=False).digest()


HASHES: list[Option[_Hash]] = [
    Option(_hmac("sha256")),
    *(Option(_hmac(name), (Finding(Cause.HASH_OTHER, title),)) for title, name in _OTHERS.items()),
    *(
        Option(_plain(name), (Finding(Cause.HASH_WITHOUT_KEY, title),))
        for title, name in _WITHOUT_KEY.items()
    ),
    Option(
        lambda key, content: hashlib.sha256(key + content).digest(),
        (Finding(Cause.HASH_KEY_IN_FRONT),),
    ),
    Option(
        lambda key, content: hashlib.sha256(content + key).digest(),
        (Finding(Cause.HASH_KEY_BEHIND),),
    ),
    Option(
        lambda key, content: hmac.digest(content, key, "sha256"),
        (Finding(Cause.HASH_KEY_AND_BODY_SWAPPED),),
    ),
]
"""HMAC-SHA256, and what else it may have been."""
