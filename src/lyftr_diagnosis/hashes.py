"""Which function of key and content a sender may have taken for HMAC-SHA256."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from functools import partial

from lyftr_diagnosis.causes import Cause, Difference
from lyftr_diagnosis.options import Option

__all__ = ["HASHES"]

_Hash = Callable[[bytes, bytes], bytes]
_OTHERS: Mapping[str, str] = {
    "SHA-1": "sha1",
    "SHA-512": "sha512",
    "SHA-384": "sha384",
    "SHA-224": "sha224",
}
_WITHOUT_KEY: Mapping[str, str] = {"SHA-256": "sha256", "SHA-1": "sha1"}


def _hmac(name: str, key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, content, name)


def _plain(name: str, _key: bytes, content: bytes) -> bytes:
    return hashlib.new(name, content).digest()


def _key_in_front(key: bytes, content: bytes) -> bytes:
    return hashlib.sha256(key + content).digest()


def _key_behind(key: bytes, content: bytes) -> bytes:
    return hashlib.sha256(content + key).digest()


def _swapped(key: bytes, content: bytes) -> bytes:
    return hmac.new(content, key, hashlib.sha256).digest()


HASHES: list[Option[_Hash]] = [
    Option(partial(_hmac, "sha256")),
    *(
        Option(partial(_hmac, name), (Difference(Cause.HASH_OTHER, title),))
        for title, name in _OTHERS.items()
    ),
    *(
        Option(partial(_plain, name), (Difference(Cause.HASH_WITHOUT_KEY, title),))
        for title, name in _WITHOUT_KEY.items()
    ),
    Option(_key_in_front, (Difference(Cause.HASH_KEY_IN_FRONT),)),
    Option(_key_behind, (Difference(Cause.HASH_KEY_BEHIND),)),
    Option(_swapped, (Difference(Cause.HASH_KEY_AND_BODY_SWAPPED),)),
]
"""HMAC-SHA256, and what else it may have been."""
