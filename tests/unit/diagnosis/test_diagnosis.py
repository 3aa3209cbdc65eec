"""What holds of every diagnosis."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lyftr_diagnosis
from lyftr_core import SignedRequest
from lyftr_core.testing import bodies, invalid_bodies
from lyftr_diagnosis import Cause, Difference, Scheme, Secrets, diagnose
from lyftr_diagnosis.sentences import SENTENCES
from lyftr_diagnosis.serialisation import reserialised

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
NAMES = st.sampled_from(
    [
        *(b"x-signature", b"X-Signature", b"X-Hub-Signature-256", b"Stripe-Signature"),
        *(b"webhook-id", b"webhook-timestamp", b"webhook-signature", b"svix-signature"),
    ]
)
PIECES = st.sampled_from(
    [
        *(b"sha256=", b"v1,", b"v1a,", b" ", b'"', b"=", b",", b":", b"\n", b"0x"),
        *(b"00" * 32, b"1768478400", b"1768478400000", b"99999999999999999999"),
    ]
)
VALUES = st.binary() | st.lists(PIECES | st.binary(max_size=3), max_size=8).map(b"".join)
SECRETS = st.binary(min_size=1) | st.sampled_from(
    [b"whsec_", b"whsec_AAAA", b"whsec_A", b'"', b"''", b" ", b"\n", b"0", b"00", b"A===", b"\xff="]
)


@given(
    st.lists(st.tuples(NAMES | st.binary(), VALUES), max_size=5),
    st.binary() | bodies() | invalid_bodies().map(lambda invalid: invalid.content),
    st.builds(Secrets, current=SECRETS, previous=st.none() | SECRETS),
    st.sampled_from(Scheme),
)
def test_a_diagnosis_is_total(
    headers: list[tuple[bytes, bytes]], body: bytes, secrets: Secrets, scheme: Scheme
) -> None:
    found = diagnose(SignedRequest(tuple(headers), body), secrets, scheme=scheme, at=NOW)
    assert found.is_explained or found.tried
    for difference in found.differences:
        shown = difference.seen + difference.advice
        assert "{" not in shown
        assert shown.isascii()
        assert shown.isprintable()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"[" * 20_000, id="unclosed"),
        pytest.param(b"[" * 900 + b"]" * 900, id="deep"),
        pytest.param(b"[" * 300 + b"1," * 9_000 + b"1" + b"]" * 300, id="deep and wide"),
        pytest.param(b"9" * 5_000, id="many digits"),
        pytest.param(b"1e400", id="infinite"),
        pytest.param(b'"\\ud800"', id="lone surrogate"),
        pytest.param(b"\xff\xfe{\0}\0", id="UTF-16"),
        pytest.param(b"NaN", id="not a number"),
    ],
)
def test_a_body_that_is_hard_to_write_anew_is_no_trouble(body: bytes) -> None:
    request = SignedRequest(((b"x-signature", b"0" * 64),), body)
    found = diagnose(request, Secrets(current=b"s"), scheme=Scheme.LYFTR, at=NOW)
    assert not found.is_explained


def test_what_grows_too_much_is_not_tried() -> None:
    """Where n arrays nest, indenting makes n times as much of them."""
    for depth, is_tried in ((16, True), (17, False)):
        ways = dict(reserialised(b"[" * depth + b"]" * depth))
        assert ("indented by 2" in ways) == is_tried
        assert "without spaces, keys sorted" in ways


def test_a_byte_order_mark_is_not_written_anew() -> None:
    body = b'{"b": 1, "a": 2}'
    assert dict(reserialised(b"\xef\xbb\xbf" + body)) == dict(reserialised(body))


@pytest.mark.parametrize("cause", Cause)
def test_each_cause_is_explained_in_whole_sentences(cause: Cause) -> None:
    difference = Difference(cause, "DETAIL")
    assert difference.seen.endswith(".")
    assert difference.advice.startswith(("Sender: ", "Sender, ", "Sender and ", "Receiver"))
    assert difference.advice.endswith(".")
    assert ("DETAIL" in difference.seen) == ("{detail}" in SENTENCES[cause].seen)


def test_no_sentence_is_without_its_cause() -> None:
    assert set(SENTENCES) == set(Cause)
    assert list(Cause) == sorted(Cause)


def test_exported_names_are_these() -> None:
    assert lyftr_diagnosis.__all__ == [
        "Cause",
        "Diagnosis",
        "Difference",
        "Scheme",
        "Secrets",
        "diagnose",
    ]
