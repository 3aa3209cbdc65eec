"""Vectors signed again are as those in the files, and hold with other secrets at other times."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import msgspec
import pytest

from lyftr_core import InvalidSignature, SignedRequest, StandardWebhooks, parse_timestamp
from lyftr_core.signatures.schemes import HexHmacSha256
from lyftr_core.vectors import Piece, SignatureVector, SignatureVectors, Signing, load_vectors
from lyftr_core.vectors.signing import SecretMissing, sign_again

FILES = [file for file in load_vectors().values() if isinstance(file, SignatureVectors)]
HEX, STANDARD = FILES
CASES = [
    pytest.param(file, case, id=f"{file.scheme}-{case.name}")
    for file in FILES
    for case in file.cases
]
SECRETS = {
    "lyftr": ("another sécret", "the one before"),
    "standard": ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAAA"),
}
NOW = datetime(2031, 7, 8, 9, 10, 11, 600_000, tzinfo=UTC)
SECONDS = b"1941268211"


@pytest.mark.parametrize(("file", "case"), CASES)
def test_the_headers_of_a_file_are_its_templates_filled_in(
    file: SignatureVectors, case: SignatureVector
) -> None:
    now = parse_timestamp(file.now)
    secrets = {"secret": file.secret, "previous": file.previous_secret}
    assert sign_again(file, case, **secrets, now=now) == case.request()


@pytest.mark.parametrize(("file", "case"), CASES)
def test_a_vector_signed_again_has_the_same_fate(
    file: SignatureVectors, case: SignatureVector
) -> None:
    secret, previous = SECRETS[file.scheme]
    request = sign_again(file, case, secret=secret, previous=previous, now=NOW)
    if not case.standing_clock:
        assert is_proven(file.scheme, request) == case.accepted


def is_proven(scheme: str, request: SignedRequest) -> bool:
    secret, previous = SECRETS[scheme]
    verifier = (
        HexHmacSha256(secret, previous=previous)
        if scheme == "lyftr"
        else StandardWebhooks(secret, previous=previous, clock=lambda: NOW)
    )
    try:
        return verifier.verify(request).content == request.body
    except InvalidSignature:
        return False


def vector(
    *template: tuple[str, str | tuple[str | Piece, ...]], signing: Signing | None = None
) -> SignatureVector:
    return SignatureVector(
        name="made",
        reason="A test.",
        accepted=True,
        body='{"text":"{signature}{body}"}',
        headers=(),
        template=template,
        signing=signing or Signing(),
    )


def filled(
    file: SignatureVectors,
    *template: tuple[str, str | tuple[str | Piece, ...]],
    signing: Signing | None = None,
    secret: str = "",
) -> list[bytes]:
    secret = secret or SECRETS[file.scheme][0]
    made = vector(*template, signing=signing)
    return [value for _, value in sign_again(file, made, secret=secret, now=NOW).headers]


def mac(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, content, hashlib.sha256).digest()


BODY = b'{"text":"{signature}{body}"}'
KEY = "another sécret".encode()


def test_placeholders_are_replaced_and_other_braces_stay() -> None:
    values = filled(HEX, ("a", ("{timestamp} {other} {", Piece(base64="/w=="))), ("b", "{}"))
    assert values == [SECONDS + b" {other} {\xff", b"{}"]
    assert filled(HEX, ("a", "{full_width_timestamp}")) == ["１９４１２６８２１１".encode()]  # noqa: RUF001 - full-width digits


def test_the_timestamp_is_as_old_as_the_case_says() -> None:
    for age, expected in [(0, SECONDS), (11, b"1941268200"), (-9, b"1941268220")]:
        assert filled(HEX, ("a", "{timestamp}"), signing=Signing(age=age)) == [expected]


@pytest.mark.parametrize("length", [None, 0, 1, 43])
def test_a_signature_is_written_as_the_case_says(length: int | None) -> None:
    digest = mac(KEY, BODY)
    expected = {
        "hex": digest.hex(),
        "hex_upper": digest.hex().upper(),
        "hex_mixed": digest[:16].hex() + digest[16:].hex().upper(),
        "base64": base64.b64encode(digest).decode(),
    }
    for encoding, text in expected.items():
        signing = msgspec.convert({"encoding": encoding, "length": length}, Signing)
        assert filled(HEX, ("a", "{signature}"), signing=signing) == [text[:length].encode()]
    assert filled(HEX, ("a", "={signature}")) == [f"={digest.hex()}".encode()]


@pytest.mark.parametrize("secret", ["a", "b", "c", "d", "e", "f", "g", "h"])
def test_unused_bits_are_other_text_and_the_same_bytes(secret: str) -> None:
    signing = Signing(encoding="base64_unused_bits")
    (value,) = filled(HEX, ("a", "{signature}"), signing=signing, secret=secret)
    digest = mac(secret.encode(), BODY)
    assert value != base64.b64encode(digest)
    assert base64.b64decode(value, validate=True) == digest


def test_what_is_signed_is_what_is_sent() -> None:
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    sent = [("Webhook-Id", "i{signature}"), ("webhook-timestamp", "+{timestamp}")]
    *_, signature = filled(STANDARD, *sent, ("webhook-signature", "v1,{signature}"))
    # The identifier is signed as it stands in the template: its signature is not there yet.
    digest = mac(key, b"i{signature}.+" + SECONDS + b"." + BODY)
    assert signature == b"v1," + base64.b64encode(digest)


def test_what_is_not_sent_is_signed_as_nothing_and_as_now() -> None:
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    (signature,) = filled(STANDARD, ("webhook-signature", "{signature}"))
    assert signature == base64.b64encode(mac(key, b"." + SECONDS + b"." + BODY))


def test_other_content_is_signed_where_the_case_says_so() -> None:
    for content, signed in [("", b""), ("{body}{body}", BODY + BODY), ("{x}", b"{x}")]:
        signing = Signing(content=content)
        expected = mac(KEY, signed).hex().encode()
        assert filled(HEX, ("a", "{signature}"), signing=signing) == [expected]


@pytest.mark.parametrize(
    ("file", "which", "key"),
    [
        (HEX, "current", KEY),
        (HEX, "undecoded", KEY),
        (HEX, "other", HEX.other_secret.encode()),
        (STANDARD, "undecoded", SECRETS["standard"][0].encode()),
        (STANDARD, "other", base64.b64decode(STANDARD.other_secret[6:])),
    ],
)
def test_the_key_is_that_of_the_secret_which_the_case_names(
    file: SignatureVectors, which: str, key: bytes
) -> None:
    signing = msgspec.convert({"secret": which, "content": "{body}", "encoding": "hex"}, Signing)
    assert filled(file, ("a", "{signature}"), signing=signing) == [mac(key, BODY).hex().encode()]


def test_bytes_of_a_secret_that_are_not_utf8_are_the_key() -> None:
    (value,) = filled(HEX, ("a", "{signature}"), secret="\udcff")
    assert value == mac(b"\xff", BODY).hex().encode()


@pytest.mark.parametrize("file", FILES)
def test_a_case_of_the_secret_before_needs_one(file: SignatureVectors) -> None:
    case = vector(("a", "{signature}"), signing=Signing(secret="previous"))
    secret, previous = SECRETS[file.scheme]
    with pytest.raises(SecretMissing, match=r"^made$"):
        sign_again(file, case, secret=secret, now=NOW)
    before = sign_again(file, case, secret=secret, previous=previous, now=NOW)
    now = sign_again(file, vector(("a", "{signature}")), secret=previous, now=NOW)
    assert before == now


def test_a_secret_of_another_form_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValueError, match="whsec_ and then") as caught:
        filled(STANDARD, ("a", "{signature}"), secret="canary")
    assert "canary" not in str(caught.value)
