"""Either of two secrets verifies, in both schemes, and it is told which."""

import hmac
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lyftr_core import HexHmacSha256, InvalidSignature, SignedRequest, SigningKey, StandardWebhooks
from lyftr_core.signatures.standard_webhooks import encode_secret

Scheme = HexHmacSha256 | StandardWebhooks
Make = Callable[..., Scheme]

NEW, OLD, OTHER = "new-canary", "old-canary", "other-canary"
BODY = b'{"message_id": "m1"}'


def hex_hmac(secret: str, previous: str | None = None) -> Scheme:
    return HexHmacSha256(secret, previous=previous)


def standard(secret: str, previous: str | None = None) -> Scheme:
    return StandardWebhooks(
        encode_secret(secret.encode()),
        previous=None if previous is None else encode_secret(previous.encode()),
        clock=lambda: datetime(2026, 1, 15, tzinfo=UTC),
    )


def signed(scheme: Scheme, body: bytes = BODY) -> SignedRequest:
    return SignedRequest.from_text(scheme.signature_headers(body), body)


@pytest.fixture(params=[hex_hmac, standard])
def make(request: pytest.FixtureRequest) -> Make:
    """Makes a scheme of one kind, with one secret or two."""
    found: Make = request.param
    return found


@pytest.mark.parametrize("make", [hex_hmac, standard])
@given(body=st.binary())
def test_either_secret_verifies_and_it_is_told_which(make: Make, body: bytes) -> None:
    scheme = make(NEW, OLD)
    by_current = scheme.verify(signed(make(NEW), body))
    by_previous = scheme.verify(signed(make(OLD), body))
    assert (by_current.content, by_current.key) == (body, SigningKey.CURRENT)
    assert (by_previous.content, by_previous.key) == (body, SigningKey.PREVIOUS)


def test_one_secret_alone_is_the_current_one(make: Make) -> None:
    assert make(NEW).verify(signed(make(NEW))).key is SigningKey.CURRENT


def test_a_third_secret_is_refused(make: Make) -> None:
    with pytest.raises(InvalidSignature):
        make(NEW, OLD).verify(signed(make(OTHER)))


def test_without_a_previous_secret_the_old_one_is_refused(make: Make) -> None:
    with pytest.raises(InvalidSignature):
        make(NEW).verify(signed(make(OLD)))


def test_it_signs_with_the_current_secret(make: Make) -> None:
    scheme = make(NEW, OLD)
    assert scheme.signature_headers(BODY) == make(NEW).signature_headers(BODY)
    assert scheme.verify(signed(scheme)).key is SigningKey.CURRENT


def test_where_both_are_the_same_it_is_the_current_one(make: Make) -> None:
    assert make(NEW, NEW).verify(signed(make(NEW))).key is SigningKey.CURRENT


@pytest.mark.parametrize("signer", [NEW, OLD, OTHER])
def test_both_secrets_are_compared_whichever_matches(
    make: Make, signer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheme, request = make(NEW, OLD), signed(make(signer))
    compared: list[bytes] = []

    def compare(claimed: bytes, expected: bytes) -> bool:
        compared.append(expected)
        return claimed == expected

    monkeypatch.setattr(hmac, "compare_digest", compare)
    try:
        scheme.verify(request)
    except InvalidSignature:
        assert signer == OTHER
    assert len(compared) == len(set(compared)) == 2


def test_no_secret_shows(make: Make) -> None:
    scheme = make(NEW, OLD)
    shown = f"{scheme} {scheme!r} {vars(scheme)} {[scheme]}"
    assert "(<secret>)" in shown
    for secret in (NEW, OLD):
        assert secret not in shown
        assert encode_secret(secret.encode()) not in shown


@pytest.mark.parametrize("empty", ["", b""])
def test_an_empty_previous_secret_is_refused(empty: str | bytes) -> None:
    with pytest.raises(ValueError, match="must not be empty"):
        HexHmacSha256("s", previous=empty)


def test_a_malformed_previous_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="must be whsec_"):
        StandardWebhooks(encode_secret(b"s"), previous="s", clock=lambda: datetime.now(UTC))
