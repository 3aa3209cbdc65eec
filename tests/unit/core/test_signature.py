import hashlib
import hmac
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lyftr_core import (
    HexHmacSha256,
    InvalidSignature,
    SecretNotConfigured,
    SignedRequest,
    UnconfiguredScheme,
    VerifiedBody,
)
from lyftr_core.testing import signed_requests

SECRET = "s3cret-sésame"
SCHEME = HexHmacSha256(SECRET)
BODY = b'{"message_id": "m1"}'
DIGITS = SCHEME.sign(BODY).encode()
FORM = re.compile(rb"(?:sha256=)?([0-9a-fA-F]{64})")
HEADERS = st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=80)), max_size=3)
SIGNATURE_HEADERS = st.lists(
    st.tuples(st.sampled_from([b"x-signature", b"X-Signature"]), st.binary(max_size=80)), max_size=2
)


def signed(*values: bytes, name: bytes = b"x-signature", body: bytes = BODY) -> SignedRequest:
    return SignedRequest(tuple((name, value) for value in values), body)


@given(signed_requests(SECRET))
def test_right_signature_proves_the_body(request: SignedRequest) -> None:
    assert SCHEME.verify(request).content == request.body


@given(signed_requests(SECRET, of=st.binary()))
def test_any_bytes_can_be_signed(request: SignedRequest) -> None:
    assert SCHEME.verify(request).content == request.body


@given(st.binary(min_size=1), st.binary())
def test_signature_is_the_hex_digits_of_the_hmac(secret: bytes, body: bytes) -> None:
    assert HexHmacSha256(secret).sign(body) == hmac.new(secret, body, hashlib.sha256).hexdigest()


def test_signature_is_sent_in_one_header() -> None:
    assert SCHEME.signature_headers(BODY) == [("X-Signature", DIGITS.decode())]


@given(st.text(min_size=1))
def test_secret_as_text_stands_for_its_utf8_bytes(secret: str) -> None:
    assert HexHmacSha256(secret).sign(BODY) == HexHmacSha256(secret.encode()).sign(BODY)


@given(HEADERS | SIGNATURE_HEADERS, st.binary())
def test_verification_is_total(headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    with pytest.raises(InvalidSignature):
        SCHEME.verify(SignedRequest(tuple(headers), body))


@given(st.integers(0, 255), st.sampled_from(["digest", "body"]))
def test_one_flipped_bit_is_refused(bit: int, where: str) -> None:
    content = bytearray(bytes.fromhex(DIGITS.decode()) if where == "digest" else BODY)
    bit %= len(content) * 8
    content[bit // 8] ^= 1 << bit % 8
    request = (
        signed(content.hex().encode()) if where == "digest" else signed(DIGITS, body=bytes(content))
    )
    with pytest.raises(InvalidSignature):
        SCHEME.verify(request)


@given(st.integers(0, len(DIGITS) - 1), st.integers(0, 255))
def test_one_other_byte_is_refused(place: int, byte: int) -> None:
    value = DIGITS[:place] + bytes([byte]) + DIGITS[place + 1 :]
    if value.lower() == DIGITS:
        assert SCHEME.verify(signed(value)).content == BODY
    else:
        with pytest.raises(InvalidSignature):
            SCHEME.verify(signed(value))


@pytest.mark.parametrize(
    "value",
    [
        DIGITS,
        DIGITS.upper(),
        DIGITS[:32] + DIGITS[32:].upper(),
        b"sha256=" + DIGITS,
        b"sha256=" + DIGITS.upper(),
    ],
)
@pytest.mark.parametrize("name", [b"x-signature", b"X-Signature", b"X-SIGNATURE", b"x-SIGNATURE"])
def test_letter_case_and_prefix_do_not_matter(name: bytes, value: bytes) -> None:
    assert SCHEME.verify(signed(value, name=name)).content == BODY


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"sha256=",
        DIGITS[:-1],
        DIGITS + b"0",
        DIGITS + b"\n",
        DIGITS + b"\xa0",
        b"\x0b" + DIGITS,
        DIGITS + b"\0",
        b"SHA256=" + DIGITS,
        b"Sha256=" + DIGITS,
        b"sha256:" + DIGITS,
        b"sha1=" + DIGITS,
        b"sha256= " + DIGITS,
        b"sha256=sha256=" + DIGITS,
        b"0x" + DIGITS,
        DIGITS + b", " + DIGITS,
        b"\xef\xbc\x90" * 64,
        "é".encode() * 32,
        b"g" * 64,
        HexHmacSha256("other").sign(BODY).encode(),
        SCHEME.sign(b"other").encode(),
        SCHEME.sign(b"").encode(),
    ],
)
def test_any_other_value_is_refused(value: bytes) -> None:
    with pytest.raises(InvalidSignature):
        SCHEME.verify(signed(value))


@given(
    st.lists(st.sampled_from([b"sha256=", b"SHA256=", b"sha256", b"=", b" ", b""]), max_size=2),
    st.tuples(*[st.sampled_from([digit, digit.swapcase()]) for digit in DIGITS.decode()]),
    st.sampled_from([b"", b"0", b"\n", b"\0", b"sha256="]),
    st.binary(min_size=1) | st.just(BODY),
)
def test_exactly_the_documented_form_of_the_right_digits_is_taken(
    before: list[bytes], digits: tuple[str, ...], after: bytes, body: bytes
) -> None:
    value = b"".join([*before, "".join(digits).encode(), after])
    form = FORM.fullmatch(value.strip(b" \t"))
    if form and form[1].lower() == SCHEME.sign(body).encode():
        assert SCHEME.verify(signed(value, body=body)).content == body
    else:
        with pytest.raises(InvalidSignature):
            SCHEME.verify(signed(value, body=body))


@pytest.mark.parametrize(
    "values", [[], [DIGITS, DIGITS], [DIGITS, b""], [b"", DIGITS], [DIGITS] * 3]
)
def test_signature_is_sent_exactly_once(values: list[bytes]) -> None:
    with pytest.raises(InvalidSignature):
        SCHEME.verify(signed(*values))


def test_signature_sent_twice_in_other_letter_cases_is_refused() -> None:
    headers = ((b"x-signature", DIGITS), (b"X-Signature", DIGITS))
    with pytest.raises(InvalidSignature):
        SCHEME.verify(SignedRequest(headers, BODY))


@pytest.mark.parametrize("name", [b"signature", b"x-signature ", b"x_signature", b"x-signature-2"])
def test_header_of_another_name_is_no_signature(name: bytes) -> None:
    with pytest.raises(InvalidSignature):
        SCHEME.verify(signed(DIGITS, name=name))


def test_one_scheme_verifies_many_bodies() -> None:
    for body in (b"", b"a", b"b", b"a", b"\xff" * 100_000):
        request = SignedRequest.from_text([("X-Signature", SCHEME.sign(body))], body)
        assert SCHEME.verify(request).content == body


@pytest.mark.parametrize("secret", ["", b""])
def test_empty_secret_is_refused(secret: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"^the secret must not be empty$"):
        HexHmacSha256(secret)


def test_secret_shows_nowhere() -> None:
    scheme = HexHmacSha256("open-sesame")
    shown = f"{scheme} {scheme!r} {vars(scheme)}"
    assert "HexHmacSha256(<secret>)" in shown
    assert "open-sesame" not in shown


def test_verified_body_shows_its_size_alone() -> None:
    assert repr(VerifiedBody(b'{"text": "private"}')) == "VerifiedBody(<19 bytes>)"


def test_verified_body_cannot_be_changed() -> None:
    with pytest.raises(AttributeError, match="immutable"):
        SCHEME.verify(signed(DIGITS)).content = b"{}"  # type: ignore[misc] # that is the test


def test_error_says_nothing_of_what_was_wrong() -> None:
    messages = set()
    for value in (b"", b"nonsense", b"0" * 64):
        with pytest.raises(InvalidSignature) as caught:
            SCHEME.verify(signed(value))
        messages.add(str(caught.value))
    assert messages == {"invalid signature"}


def test_no_secret_verifies_nothing() -> None:
    with pytest.raises(SecretNotConfigured):
        UnconfiguredScheme().verify(signed(DIGITS))


def test_header_values_come_in_the_order_sent() -> None:
    request = SignedRequest(((b"A", b"1"), (b"b", b"2"), (b"a", b"3")), b"")
    assert request.header_values(b"a") == [b"1", b"3"]
    assert request.header_values(b"c") == []


@pytest.mark.parametrize("value", [b" %b", b"%b ", b"\t %b \t"])
def test_white_space_around_a_value_is_no_part_of_it(value: bytes) -> None:
    assert SCHEME.verify(signed(value % DIGITS)).content == BODY


@given(st.lists(st.tuples(st.text(), st.text())), st.binary())
def test_request_can_be_made_of_any_text(headers: list[tuple[str, str]], body: bytes) -> None:
    request = SignedRequest.from_text(headers, body)
    assert request.body == body
    assert len(request.headers) == len(headers)


def test_header_as_text_is_latin_1() -> None:
    request = SignedRequest.from_text([("X-É", "é€")], b"")
    assert request.headers == ((b"X-\xc9", b"\xe9?"),)
