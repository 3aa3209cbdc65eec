import hashlib
import hmac

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lyftr_core.signatures.keyed_hmac import KeyedHmac


# RFC 4231, sections 4.2 to 4.5, 4.7 and 4.8. Case 5 (4.6) is about an HMAC cut short.
@pytest.mark.parametrize(
    ("key", "message", "digest"),
    [
        (
            b"\x0b" * 20,
            b"Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        ),
        (
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            b"\xaa" * 20,
            b"\xdd" * 50,
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
        ),
        (
            bytes(range(1, 26)),
            b"\xcd" * 50,
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
        ),
        (
            b"\xaa" * 131,
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
        (
            b"\xaa" * 131,
            (
                b"This is a test using a larger than block-size key and a larger than block-size"
                b" data. The key needs to be hashed before being used by the HMAC algorithm."
            ),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
        ),
    ],
    ids=["1", "2", "3", "4", "6", "7"],
)
def test_digest_is_that_of_rfc_4231(key: bytes, message: bytes, digest: str) -> None:
    assert KeyedHmac(key).digest(message).hex() == digest


@given(st.binary(min_size=1, max_size=200), st.lists(st.binary(), min_size=1))
@example(b"k" * 64, [b""])
@example(b"k" * 65, [b""])
def test_digest_is_that_of_the_standard_library(key: bytes, messages: list[bytes]) -> None:
    keyed = KeyedHmac(key)
    expected = [hmac.new(key, message, hashlib.sha256).digest() for message in messages]
    assert [keyed.digest(message) for message in messages] == expected
