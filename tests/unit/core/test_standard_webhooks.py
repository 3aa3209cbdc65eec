import base64
import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lyftr_core import InvalidSignature, SignedRequest, StandardWebhooks
from lyftr_core.signatures.standard_webhooks import decode_secret, encode_secret
from lyftr_core.testing import standard_signed_requests

# The vector that the reference implementations test their `sign` with.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = b"msg_p5jXN8AQM9LWM0D4loKWxJek"
TIMESTAMP = b"1614265330"
SIGNATURE = b"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
BODY = b'{"test": 2432232314}'

NOW = datetime.fromtimestamp(int(TIMESTAMP), UTC)
SCHEME = StandardWebhooks(SECRET, clock=lambda: NOW)
NAMES = [b"webhook-id", b"webhook-timestamp", b"webhook-signature"]
VALUES = [ID, TIMESTAMP, SIGNATURE]
OTHER = b"v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="  # from the same tests

HEADERS = st.lists(
    st.tuples(
        st.sampled_from([*NAMES, b"Webhook-Id"]) | st.binary(max_size=20),
        st.sampled_from(VALUES) | st.binary(max_size=60) | st.from_regex(rb"\A[0-9]+\Z"),
    ),
    max_size=6,
)


def signed(
    webhook_id: bytes = ID,
    timestamp: bytes = TIMESTAMP,
    signature: bytes = SIGNATURE,
    body: bytes = BODY,
) -> SignedRequest:
    return SignedRequest(tuple(zip(NAMES, (webhook_id, timestamp, signature), strict=True)), body)


def resigned(webhook_id: bytes, timestamp: bytes, body: bytes = BODY) -> SignedRequest:
    """A request whose signature is right for whatever its headers say."""
    content = b".".join([webhook_id, timestamp, body])
    key = decode_secret(SECRET)
    digest = base64.b64encode(hmac_sha256(key, content))
    return signed(webhook_id, timestamp, b"v1," + digest, body)


def hmac_sha256(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, content, hashlib.sha256).digest()


def test_public_test_vector_is_accepted() -> None:
    assert SCHEME.verify(signed()).content == BODY


def test_public_test_vector_is_what_it_signs() -> None:
    signature = SCHEME.sign(BODY, webhook_id=ID.decode(), timestamp=NOW)
    assert signature.encode() == SIGNATURE


def test_public_test_vector_of_several_signatures_is_accepted() -> None:
    several = b" ".join([OTHER, OTHER.replace(b"v1", b"v2"), SIGNATURE, OTHER])
    assert SCHEME.verify(signed(signature=several)).content == BODY


@pytest.mark.parametrize(
    "signature",
    [
        b"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OA=",
        b"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLawdd",
        b"v1,dawfeoifkpqwoekfpqoekf",
    ],
)
def test_public_test_vectors_of_wrong_signatures_are_refused(signature: bytes) -> None:
    with pytest.raises(InvalidSignature):
        SCHEME.verify(signed(signature=signature))


@given(
    standard_signed_requests(SECRET, at=NOW)
    | standard_signed_requests(SECRET, at=NOW, of=st.binary())
)
def test_right_signature_proves_the_body(request: SignedRequest) -> None:
    assert SCHEME.verify(request).content == request.body


@given(st.binary())
def test_what_it_signs_it_verifies(body: bytes) -> None:
    request = SignedRequest.from_text(SCHEME.signature_headers(body), body)
    assert SCHEME.verify(request).content == body


def test_headers_of_a_redelivery_have_the_same_identifier() -> None:
    later = StandardWebhooks(SECRET, clock=lambda: NOW + timedelta(days=1))
    first, second = (dict(scheme.signature_headers(BODY)) for scheme in (SCHEME, later))
    assert first["webhook-id"] == second["webhook-id"]
    assert first["webhook-id"] != dict(SCHEME.signature_headers(b""))["webhook-id"]
    assert re.fullmatch("msg_[0-9a-f]{32}", first["webhook-id"])
    assert first["webhook-timestamp"] == TIMESTAMP.decode()
    assert first["webhook-signature"] != second["webhook-signature"]


@given(HEADERS, st.binary())
def test_verification_is_total(headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    request = SignedRequest(tuple(headers), body)
    with pytest.raises(InvalidSignature):
        SCHEME.verify(request)


@given(
    webhook_id=st.binary(max_size=9),
    timestamp=st.binary(max_size=9),
    signature=st.binary(max_size=60),
    body=st.binary(),
)
def test_verification_of_any_three_values_is_total(
    webhook_id: bytes, timestamp: bytes, signature: bytes, body: bytes
) -> None:
    for request in (
        signed(webhook_id, timestamp, signature, body),
        signed(webhook_id, TIMESTAMP, signature, body),
        signed(ID, TIMESTAMP, b"v1," + signature, body),
        signed(ID, timestamp, SIGNATURE),
        signed(webhook_id),
    ):
        with pytest.raises(InvalidSignature):
            SCHEME.verify(request)


@given(st.integers(0, 2), st.integers(0, 99), st.integers(1, 255))
def test_one_other_byte_in_a_header_is_refused(which: int, place: int, change: int) -> None:
    values = list(VALUES)
    values[which] = altered(values[which], place, change)
    with pytest.raises(InvalidSignature):
        SCHEME.verify(signed(*values))


@given(
    st.integers(0, 2), st.integers(0, 99), st.integers(1, 255).filter(lambda change: change != 0x20)
)
def test_one_other_byte_in_the_name_of_a_header_is_refused(
    which: int, place: int, change: int
) -> None:
    names = list(NAMES)
    names[which] = altered(names[which], place, change)
    with pytest.raises(InvalidSignature):
        SCHEME.verify(SignedRequest(tuple(zip(names, VALUES, strict=True)), BODY))


@given(standard_signed_requests(SECRET, at=NOW), st.integers(0), st.integers(1, 255))
def test_one_other_byte_in_the_body_is_refused(
    request: SignedRequest, place: int, change: int
) -> None:
    with pytest.raises(InvalidSignature):
        SCHEME.verify(SignedRequest(request.headers, altered(request.body, place, change)))


def altered(value: bytes, place: int, change: int) -> bytes:
    changed = bytearray(value)
    changed[place % len(changed)] ^= change
    return bytes(changed)


def test_body_and_identifier_need_not_be_utf8() -> None:
    request = resigned(b"msg_\xff\x80", TIMESTAMP, b"\xfe")
    assert SCHEME.verify(request).content == b"\xfe"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("times", [0, 2, 3])
def test_each_header_is_sent_exactly_once(name: bytes, times: int) -> None:
    rest = [header for header in signed().headers if header[0] != name]
    value = dict(signed().headers)[name]
    for repeated in (name, name.title()):
        headers = [*[(name, value)] * (times - 1), *[(repeated, value)] * min(times, 1), *rest]
        with pytest.raises(InvalidSignature):
            SCHEME.verify(SignedRequest(tuple(headers), BODY))


@pytest.mark.parametrize("case", [bytes.lower, bytes.upper, bytes.title])
def test_letter_case_of_the_names_does_not_matter(case: object) -> None:
    assert callable(case)
    headers = tuple((case(name), value) for name, value in signed().headers)
    assert SCHEME.verify(SignedRequest(headers, BODY)).content == BODY


@pytest.mark.parametrize(
    "others",
    [
        [b"v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM="],
        [b"v2," + SIGNATURE[3:]],
        [b"", b"", b""],
        [b"v1", b",", b"v1,", b"=", b"\xff"],
        [OTHER] * 500,
    ],
)
def test_signatures_of_other_versions_and_other_keys_do_not_matter(others: list[bytes]) -> None:
    for signatures in ([*others, SIGNATURE], [SIGNATURE, *others], [*others, SIGNATURE, *others]):
        assert SCHEME.verify(signed(signature=b" ".join(signatures))).content == BODY
    with pytest.raises(InvalidSignature):
        SCHEME.verify(signed(signature=b" ".join(others)))


@pytest.mark.parametrize(
    "value",
    [
        b"",
        SIGNATURE[3:],
        b"v2," + SIGNATURE[3:],
        b"v1a," + SIGNATURE[3:],
        b"V1," + SIGNATURE[3:],
        b"v1=" + SIGNATURE[3:],
        b"v1, " + SIGNATURE[3:],
        b"v1,v1," + SIGNATURE[3:],
        SIGNATURE.rstrip(b"="),
        SIGNATURE + b"=",
        SIGNATURE + b"\n",
        SIGNATURE + b"\0",
        SIGNATURE + b"," + OTHER,
        SIGNATURE + b"\t" + OTHER,
        SIGNATURE.replace(b"E=", b"F="),  # decodes to the same bytes where it is not strict
        SIGNATURE.replace(b"+", b"-").replace(b"/", b"_"),
        SIGNATURE.replace(b"g0hM", b"g0\nhM"),
        SIGNATURE.replace(b"g0hM", b"g0!hM"),
        b"v1," + base64.b64decode(SIGNATURE[3:]).hex().encode(),
        b"v1," + base64.b64decode(SIGNATURE[3:]),
        "v1,é".encode(),
    ],
)
def test_signature_has_one_form(value: bytes) -> None:
    with pytest.raises(InvalidSignature):
        SCHEME.verify(signed(signature=value))


@pytest.mark.parametrize(
    "timestamp",
    [
        *(b"", b" ", b"now", b"-1", b"-", b"+", b"1e9", b"0x6037b5b2", b"nan", b"inf"),
        *(b"+1614265330", b"-1614265330", b" 1614265330", b"1614265330 ", b"1614265330\n"),
        *(b"01614265330", b"0001614265330", b"1614265330.0", b"1_614_265_330", b"1614265330\0"),
        "１６１４２６５３３０".encode(),  # noqa: RUF001 - full-width digits
        "١٦١٤٢٦٥٣٣٠".encode(),
        b"\xb9614265330",  # a superscript one in Latin-1
    ],
)
def test_timestamp_has_one_form_though_its_signature_is_right(timestamp: bytes) -> None:
    with pytest.raises(InvalidSignature):
        SCHEME.verify(resigned(ID, timestamp))


@pytest.mark.parametrize("digits", [12, 13, 19, 20, 400, 5_000, 60_000])
def test_no_number_is_too_large_to_be_refused(digits: int) -> None:
    for timestamp in (b"9" * digits, b"1" + b"0" * (digits - 1)):
        with pytest.raises(InvalidSignature):
            SCHEME.verify(resigned(ID, timestamp))


@pytest.mark.parametrize("age", [-300, -299.5, -1, 0, 0.25, 299.999_999, 300])
def test_request_within_the_tolerance_is_accepted(age: float) -> None:
    scheme = StandardWebhooks(SECRET, clock=lambda: NOW + timedelta(seconds=age))
    assert scheme.verify(signed()).content == BODY


@pytest.mark.parametrize("age", [-(10**9), -301, -300.000_001, 300.000_001, 301, 3_600, 10**10])
def test_replay_outside_the_tolerance_is_refused(age: float) -> None:
    scheme = StandardWebhooks(SECRET, clock=lambda: NOW + timedelta(seconds=age))
    with pytest.raises(InvalidSignature):
        scheme.verify(signed())


def test_clock_is_read_at_each_request() -> None:
    moments = iter([NOW, NOW + timedelta(seconds=301)])
    scheme = StandardWebhooks(SECRET, clock=lambda: next(moments))
    scheme.verify(signed())
    with pytest.raises(InvalidSignature):
        scheme.verify(signed())


def test_tolerance_can_be_given() -> None:
    moments = iter([NOW + timedelta(seconds=10), NOW + timedelta(seconds=11)])
    tolerance = timedelta(seconds=10)
    scheme = StandardWebhooks(SECRET, clock=lambda: next(moments), tolerance=tolerance)
    scheme.verify(signed())
    with pytest.raises(InvalidSignature):
        scheme.verify(signed())


def test_tolerance_is_not_negative() -> None:
    with pytest.raises(ValueError, match=r"^the tolerance must not be negative$"):
        StandardWebhooks(SECRET, clock=lambda: NOW, tolerance=timedelta(microseconds=-1))


def test_no_tolerance_is_one_too() -> None:
    scheme = StandardWebhooks(SECRET, clock=lambda: NOW, tolerance=timedelta())
    assert scheme.verify(signed()).content == BODY


def test_a_scheme_shows_its_name_and_no_secret() -> None:
    assert repr(SCHEME) == "StandardWebhooks(<secret>)"


def test_timestamp_zero_is_a_timestamp() -> None:
    scheme = StandardWebhooks(SECRET, clock=lambda: datetime(1970, 1, 1, tzinfo=UTC))
    assert scheme.verify(resigned(ID, b"0")).content == BODY


@pytest.mark.parametrize("webhook_id", [b"", b".", b"a.b", b".a", b"a.", b"a.1614265330"])
def test_identifier_has_a_character_and_no_full_stop_though_its_signature_is_right(
    webhook_id: bytes,
) -> None:
    with pytest.raises(InvalidSignature):
        SCHEME.verify(resigned(webhook_id, TIMESTAMP))


@given(st.lists(st.sampled_from([TIMESTAMP, b"msg", b"{}", b"", b"7"]), min_size=2, max_size=6))
@example([TIMESTAMP, b"{}"])
def test_a_signature_fits_one_identifier_timestamp_and_body(pieces: list[bytes]) -> None:
    """The signed bytes, cut at other full stops, are another request; it is refused."""
    body = b".".join(pieces)
    original = resigned(b"msg", TIMESTAMP, body)
    content = [b"msg", TIMESTAMP, *pieces]
    signature = original.headers[2][1]
    assert SCHEME.verify(original).content == body
    for first in range(1, len(content) + 1):
        for second in range(first, len(content) + 1):
            webhook_id, timestamp, rest = (
                b".".join(part)
                for part in (content[:first], content[first:second], content[second:])
            )
            if (first, second) != (1, 2):
                with pytest.raises(InvalidSignature):
                    SCHEME.verify(signed(webhook_id, timestamp, signature, rest))


@pytest.mark.parametrize("webhook_id", ["", ".", "a.b", " ", "a b", "a\n", "é", "\0", "\x7f"])
def test_it_signs_no_identifier_that_would_be_refused(webhook_id: str) -> None:
    sentence = r"^the webhook-id must be visible ASCII characters without a full stop$"
    with pytest.raises(ValueError, match=sentence):
        SCHEME.sign(BODY, webhook_id=webhook_id, timestamp=NOW)


@given(st.binary(min_size=1))
def test_secret_is_read_as_it_is_written(key: bytes) -> None:
    assert decode_secret(encode_secret(key)) == key


@pytest.mark.parametrize(
    "secret",
    [
        *("", "whsec_", "whsec", "canary", SECRET[6:], "WHSEC_" + SECRET[6:], "whpk_" + SECRET[6:]),
        *(SECRET + "=", SECRET + "\n", SECRET + " ", " " + SECRET, SECRET[:-1], SECRET + "A"),
        *("whsec_=", "whsec_====", "whsec_A", "whsec_A===", "whsec_AA=", "whsec_AA", "whsec_AAA"),
        *("whsec_AA==AA==", "whsec_A-_A", "whsec_ĀAAA", "whsec_\udcff", "whsec_AA AA", "whsec_é"),
    ],
)
def test_a_malformed_secret_is_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(ValueError, match="secret") as caught:
        StandardWebhooks(secret, clock=lambda: NOW)
    assert str(caught.value) == "the secret must be whsec_ and then base64 (RFC 4648, padded)"
    assert caught.value.__context__ is None, "nor by what led to it"
