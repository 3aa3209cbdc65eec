"""Every mistake of a sender by Standard Webhooks is named."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lyftr_core import SignedRequest, SigningKey, StandardWebhooks
from lyftr_core.signatures.standard_webhooks import encode_secret
from lyftr_core.testing import standard_signed_requests
from lyftr_diagnosis import Cause, Diagnosis, Difference, Scheme, Secrets, diagnose
from tests.unit.diagnosis.mistakes import (
    BODIES,
    FRAMES,
    HASHES,
    MALFORMED_KEYS,
    STANDARD_KEYS,
    STANDARD_WRITINGS,
    Name,
    base64_of,
    right,
)

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
UNIX = int(NOW.timestamp())
RAW = b"\xfb\xff\xbf 0123456789 \x01\x02"
SECRET = encode_secret(RAW)
ID = b"msg_1"
BODY = b'{"message_id": "m1"}\r\n'


def sent(
    signature: str, *, webhook_id: bytes = ID, timestamp: object = UNIX, prefix: bytes = b"webhook"
) -> list[tuple[bytes, bytes]]:
    return [
        (prefix + b"-id", webhook_id),
        (prefix + b"-timestamp", str(timestamp).encode()),
        (prefix + b"-signature", signature.encode("latin-1")),
    ]


def content(body: bytes = BODY, *, webhook_id: bytes = ID, timestamp: object = UNIX) -> bytes:
    return b"%b.%b.%b" % (webhook_id, str(timestamp).encode(), body)


def v1(key: bytes, signed: bytes) -> str:
    return f"v1,{base64_of(right(key, signed))}"


def diagnosed(
    headers: list[tuple[bytes, bytes]],
    *,
    body: bytes = BODY,
    current: bytes = SECRET.encode(),
    previous: bytes | None = None,
    scheme: Scheme = Scheme.STANDARD,
) -> Diagnosis:
    request = SignedRequest(tuple(headers), body)
    return diagnose(request, Secrets(current=current, previous=previous), scheme=scheme, at=NOW)


def names(diagnosis: Diagnosis) -> list[Name]:
    return [(difference.cause.value, difference.detail) for difference in diagnosis.differences]


def assert_explained(diagnosis: Diagnosis, *expected: Name) -> None:
    assert names(diagnosis) == list(expected)
    assert diagnosis.is_explained
    assert not diagnosis.is_verified


@given(standard_signed_requests(SECRET, at=NOW))
def test_a_right_request_verifies(request: SignedRequest) -> None:
    secrets = Secrets(current=SECRET.encode())
    diagnosis = diagnose(request, secrets, scheme=Scheme.STANDARD, at=NOW)
    assert diagnosis == Diagnosis(key=SigningKey.CURRENT, is_explained=True)


@given(standard_signed_requests(SECRET, at=NOW))
def test_the_previous_secret_verifies_and_is_mentioned(request: SignedRequest) -> None:
    secrets = Secrets(current=b"whsec_AAAA", previous=SECRET.encode())
    diagnosis = diagnose(request, secrets, scheme=Scheme.STANDARD, at=NOW)
    notes = (Difference(Cause.PREVIOUS_SECRET),)
    assert diagnosis == Diagnosis(key=SigningKey.PREVIOUS, is_explained=True, differences=notes)


@pytest.mark.parametrize("name", STANDARD_KEYS, ids=str)
def test_another_key_is_named(name: Name) -> None:
    current, key = STANDARD_KEYS[name](RAW)
    assert_explained(diagnosed(sent(v1(key, content())), current=current), name)


@given(st.sampled_from(sorted(STANDARD_KEYS)), st.binary(min_size=9, max_size=40), st.binary())
def test_another_key_is_named_whatever_the_secret_and_the_body(
    name: Name, raw: bytes, body: bytes
) -> None:
    assume(raw.strip(b"\0"))  # HMAC fills keys up with NUL
    current, key = STANDARD_KEYS[name](raw)
    found = diagnosed(sent(v1(key, content(body))), current=current, body=body)
    assert_explained(found, name)


@pytest.mark.parametrize("name", MALFORMED_KEYS, ids=str)
def test_a_secret_of_another_form_is_named_with_what_it_was_taken_for(name: Name) -> None:
    current, key = MALFORMED_KEYS[name](RAW)
    headers = sent(v1(key, content()))
    malformed = ("secret_malformed", "WEBHOOK_SECRET")
    assert_explained(diagnosed(headers, current=current), malformed, name)
    malformed = ("secret_malformed", "WEBHOOK_SECRET_PREVIOUS")
    found = diagnosed(headers, current=b"whsec_AAAA", previous=current)
    assert_explained(found, malformed, ("previous_secret", ""), name)


def test_a_secret_in_unpadded_base64url_is_decoded_all_the_same() -> None:
    current = b"whsec_" + urlsafe_b64encode(RAW + b"\0").rstrip(b"=")
    found = diagnosed(sent(v1(RAW + b"\0", content())), current=current)
    malformed = ("secret_malformed", "WEBHOOK_SECRET")
    assert_explained(found, malformed, ("secret_base64_decoded", ""))


def test_a_malformed_previous_secret_alone_is_named() -> None:
    found = diagnosed(sent(v1(RAW, content())), previous=b"old")
    assert_explained(found, ("secret_malformed", "WEBHOOK_SECRET_PREVIOUS"))


@pytest.mark.parametrize("name", FRAMES, ids=str)
def test_another_signed_content_is_named(name: Name) -> None:
    signed = FRAMES[name](ID, str(UNIX).encode()) + BODY
    assert_explained(diagnosed(sent(v1(RAW, signed))), name)


@pytest.mark.parametrize("written", STANDARD_WRITINGS, ids=str)
def test_another_way_to_write_it_is_named(written: tuple[Name, ...]) -> None:
    # A signature with + and /, without which base64url is base64.
    body = next(b for b in map(bytes, range(99)) if {*"+/"} <= {*v1(RAW, content(b))})
    value = STANDARD_WRITINGS[written](right(RAW, content(body)))
    assert_explained(diagnosed(sent(value), body=body), *written)
    among = diagnosed(sent(f"v1,xxxx {value} v2,yyyy"), body=body)
    assert_explained(among, *written)


@pytest.mark.parametrize("name", [n for n in BODIES if n[0] != "body_bom_removed"], ids=str)
def test_another_body_is_named(name: Name) -> None:
    body = {"body_crlf": b"{\n}", "body_stripped": b" {} ", "body_lf": b"{\r\n}"}.get(name[0], BODY)
    body = b"{}\n" if name == ("body_newline_removed", "LF") else body
    found = diagnosed(sent(v1(RAW, content(BODIES[name](body)))), body=body)
    assert_explained(found, name)


@pytest.mark.parametrize("name", [n for n in HASHES if n[0] != "hash_without_key"], ids=str)
def test_another_hash_is_named(name: Name) -> None:
    value = f"v1,{base64_of(HASHES[name](RAW, content()))}"
    assert_explained(diagnosed(sent(value)), name)


def test_two_mistakes_at_once_are_both_named() -> None:
    value = v1(SECRET.encode(), b"%d." % UNIX + BODY)
    expected = ("content_without_id", "`timestamp.body`"), ("secret_as_text", "")
    assert_explained(diagnosed(sent(value)), *expected)


@pytest.mark.parametrize(
    ("skew", "cause", "detail"),
    [
        (301, "timestamp_ahead", "301"),
        (-301, "timestamp_old", "301"),
        (7_200, "timestamp_ahead", "7200"),
        (-UNIX, "timestamp_old", str(UNIX)),
    ],
)
def test_a_clock_that_is_wrong_is_named_with_its_seconds(
    skew: int, cause: str, detail: str
) -> None:
    timestamp = UNIX + skew
    headers = sent(v1(RAW, content(timestamp=timestamp)), timestamp=timestamp)
    assert_explained(diagnosed(headers), (cause, detail))


@pytest.mark.parametrize(("part", "detail"), [(0.4, "301"), (0.0, "301"), (0.6, "302")])
def test_parts_of_a_second_count(part: float, detail: str) -> None:
    timestamp = UNIX - 301
    request = SignedRequest(
        tuple(sent(v1(RAW, content(timestamp=timestamp)), timestamp=timestamp)), BODY
    )
    at = NOW - timedelta(seconds=1 - part) if part == 0.4 else NOW + timedelta(seconds=part)
    found = diagnose(request, Secrets(current=SECRET.encode()), scheme=Scheme.STANDARD, at=at)
    assert_explained(found, ("timestamp_old", detail))


@given(st.integers(-300, 300))
def test_a_timestamp_within_five_minutes_is_no_cause(skew: int) -> None:
    timestamp = UNIX + skew
    assert diagnosed(sent(v1(RAW, content(timestamp=timestamp)), timestamp=timestamp)).is_verified


def test_milliseconds_are_named_and_also_when_they_are_too_old() -> None:
    for skew, more in [(0, []), (-301, [("timestamp_old", "301")])]:
        timestamp = (UNIX + skew) * 1_000 + 500
        headers = sent(v1(RAW, content(timestamp=timestamp)), timestamp=timestamp)
        assert_explained(diagnosed(headers), ("timestamp_milliseconds", ""), *more)


@pytest.mark.parametrize("skew", [-300, 300])
def test_five_minutes_are_no_cause_and_parts_of_a_millisecond_timestamp_do_not_count(
    skew: int,
) -> None:
    timestamp = UNIX + skew
    signed = content(webhook_id=b"a.b", timestamp=timestamp)
    headers = sent(v1(RAW, signed), webhook_id=b"a.b", timestamp=timestamp)
    assert_explained(diagnosed(headers), ("id_full_stop", ""))
    timestamp = timestamp * 1_000 + 999
    headers = sent(v1(RAW, content(timestamp=timestamp)), timestamp=timestamp)
    assert_explained(diagnosed(headers), ("timestamp_milliseconds", ""))


@pytest.mark.parametrize("timestamp", ["", "now", "2026-01-15T12:00:00Z", f"0{UNIX}", f"{UNIX}.5"])
def test_a_timestamp_of_another_form_is_named(timestamp: str) -> None:
    headers = sent(v1(RAW, content(timestamp=timestamp)), timestamp=timestamp)
    assert_explained(diagnosed(headers), ("timestamp_malformed", ""))


@pytest.mark.parametrize(("webhook_id", "cause"), [(b"a.b", "id_full_stop"), (b"", "id_empty")])
def test_an_identifier_that_is_refused_is_named(webhook_id: bytes, cause: str) -> None:
    headers = sent(v1(RAW, content(webhook_id=webhook_id)), webhook_id=webhook_id)
    assert_explained(diagnosed(headers), (cause, ""))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_header_sent_twice_is_named(place: int) -> None:
    headers = sent(v1(RAW, content()))
    name = headers[place][0].decode()
    found = diagnosed([*headers, headers[place]])
    assert_explained(found, ("header_repeated", f"{name} came 2 times"))


def test_of_a_repeated_header_the_first_is_taken() -> None:
    more = [(b"webhook-id", b"a.b"), (b"webhook-timestamp", b"x")]
    expected = [("header_repeated", f"{name.decode()} came 2 times") for name, _ in more]
    assert_explained(diagnosed([*sent(v1(RAW, content())), *more]), *expected)


def test_a_missing_header_is_named_with_what_was_signed() -> None:
    headers = sent(v1(RAW, b"%d." % UNIX + BODY))[1:]
    expected = ("content_without_id", "`timestamp.body`")
    assert_explained(diagnosed(headers), ("header_missing", "webhook-id is missing"), expected)


def test_a_missing_signature_is_named_with_those_that_may_be_meant() -> None:
    found = diagnosed([(b"x-id", b"1"), (b"X-Sign", b"?")])
    assert names(found) == [
        ("header_missing", "webhook-id is missing"),
        ("header_missing", "webhook-timestamp is missing"),
        (
            "header_missing",
            "webhook-signature is missing; of those that came, these may be meant: x-sign",
        ),
    ]


def test_the_older_names_of_the_headers_are_named() -> None:
    headers = sent(v1(RAW, content()), prefix=b"Svix")
    assert_explained(
        diagnosed(headers),
        *(
            ("header_other_name", f"svix-{part}, not webhook-{part}")
            for part in ("id", "timestamp", "signature")
        ),
    )
    assert diagnosed([*headers, *sent(v1(RAW, content()))]).is_verified


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", [("value_empty", "webhook-signature")]),
        ("v1a,abcd", [("version_other", "v1a")]),
        ("v1," + "A" * 43 + "=", []),
        ("v1," + "z+/09" * 8 + "z09=", []),
        ("v2,a v1," + "A" * 43 + "=", []),
        ("v1,abc!", [("value_form", "4 characters that are no hex and no base64")]),
        ("abcd", [("version_missing", ""), ("value_form", "4 hex digits")]),
    ],
)
def test_what_explains_nothing_is_described(value: str, expected: list[Name]) -> None:
    found = diagnosed(sent(value))
    assert names(found) == expected
    assert not found.is_explained
    assert set(found.tried) >= {Cause.CONTENT_WITHOUT_ID, Cause.SECRET_AS_TEXT, Cause.VALUE_HEX}


def test_an_empty_body_is_mentioned() -> None:
    found = diagnosed(sent("v1," + "A" * 43 + "="), body=b"")
    assert names(found) == [("body_empty", "")]


def test_standard_webhooks_where_the_other_scheme_is_configured_are_named() -> None:
    headers = sent(v1(RAW, content()))
    found = diagnosed(headers, scheme=Scheme.LYFTR)
    assert_explained(found, ("scheme_standard", ""))
    found = diagnosed([*headers, (b"x-signature", b"00")], scheme=Scheme.LYFTR)
    assert_explained(found, ("scheme_standard", ""))
    stale = diagnosed(sent(v1(RAW, content(timestamp=0)), timestamp=0), scheme=Scheme.LYFTR)
    assert_explained(stale, ("scheme_standard", ""), ("timestamp_old", str(UNIX)))


def test_where_both_schemes_explain_the_request_the_configured_one_counts() -> None:
    x_signature = (b"x-signature", f"SHA256={right(SECRET.encode(), BODY).hex()}".encode())
    standard = sent(v1(RAW, content(timestamp=0)), timestamp=0)
    found = diagnosed([*standard, x_signature], scheme=Scheme.LYFTR)
    assert_explained(found, ("value_prefix", "SHA256="))
    found = diagnosed([*standard, x_signature])
    assert_explained(found, ("timestamp_old", str(UNIX)))


def test_x_signature_where_the_other_scheme_is_configured_is_named() -> None:
    headers = [(b"X-Signature", right(SECRET.encode(), BODY).hex().encode())]
    assert_explained(diagnosed(headers), ("scheme_lyftr", ""))
    wrong = diagnosed([(b"X-Signature", b"0" * 64)])
    assert names(wrong) == [("scheme_lyftr", "")]
    assert not wrong.is_explained
    assert Cause.BODY_RESERIALISED in wrong.tried


def test_two_signatures_that_explain_nothing_are_judged_by_the_configured_scheme() -> None:
    headers = [*sent("v1," + "A" * 43 + "="), (b"X-Signature", b"0" * 64)]
    assert names(diagnosed(headers)) == []
    assert names(diagnosed(headers, scheme=Scheme.LYFTR)) == []


@given(st.binary(), st.sampled_from([SECRET, "whsec_AAAA"]), st.integers(-400, 400))
def test_verification_is_that_of_the_scheme(body: bytes, secret: str, skew: int) -> None:
    moment = NOW + timedelta(seconds=skew)
    signer = StandardWebhooks(SECRET, clock=lambda: moment)
    request = SignedRequest.from_text(signer.signature_headers(body), body)
    found = diagnose(request, Secrets(current=secret.encode()), scheme=Scheme.STANDARD, at=NOW)
    assert found.is_verified == (secret == SECRET and abs(skew) <= 300)
    assume(not found.is_verified)
    assert found.is_explained == (secret == SECRET)
