"""Every mistake of a sender of `X-Signature` is named, and what is named explains the signature."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from lyftr_core import HexHmacSha256, InvalidSignature, SignedRequest, SigningKey
from lyftr_core.testing import bodies, signed_requests
from lyftr_diagnosis import Cause, Diagnosis, Difference, Scheme, Secrets, diagnose
from tests.unit.diagnosis.mistakes import (
    BODIES,
    HASHES,
    HEX_WRITINGS,
    RESERIALISED,
    SERIALISATIONS,
    TEXT_KEYS,
    Name,
    right,
)

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
SECRET = b"s3cret-sesame"
RAW = b"\xfb\xff\xbf 0123456789 \x01"
# As it is, and then with what each of the mistakes is about.
BODY = '{ "text": "é/<>&\u2028", "message_id": "m1", "n": 1.0}\r\n'.encode()
BODY_OF = {"body_bom_removed": b"\xef\xbb\xbf{}", "body_crlf": b"{\n}", "body_stripped": b" {} "}
BODY_OF |= {"body_lf": b"{\r\n}"}
OTHERS = {**BODIES, **RESERIALISED}


def diagnosed(
    *values: str,
    body: bytes = BODY,
    current: bytes = SECRET,
    previous: bytes | None = None,
    name: str = "X-Signature",
) -> Diagnosis:
    request = SignedRequest.from_text([(name, value) for value in values], body)
    secrets = Secrets(current=current, previous=previous)
    return diagnose(request, secrets, scheme=Scheme.LYFTR, at=NOW)


def names(diagnosis: Diagnosis) -> list[Name]:
    return [(difference.cause.value, difference.detail) for difference in diagnosis.differences]


def assert_explained(diagnosis: Diagnosis, *expected: Name) -> None:
    assert names(diagnosis) == list(expected)
    assert diagnosis.is_explained
    assert not diagnosis.is_verified
    assert diagnosis.tried == ()


@given(signed_requests(SECRET), st.none() | st.just(b"old"))
def test_a_right_request_verifies(request: SignedRequest, previous: bytes | None) -> None:
    secrets = Secrets(current=SECRET, previous=previous)
    diagnosis = diagnose(request, secrets, scheme=Scheme.LYFTR, at=NOW)
    assert diagnosis == Diagnosis(key=SigningKey.CURRENT, is_explained=True)


@given(signed_requests(SECRET))
def test_the_previous_secret_verifies_and_is_mentioned(request: SignedRequest) -> None:
    secrets = Secrets(current=b"new", previous=SECRET)
    diagnosis = diagnose(request, secrets, scheme=Scheme.LYFTR, at=NOW)
    notes = (Difference(Cause.PREVIOUS_SECRET),)
    assert diagnosis == Diagnosis(key=SigningKey.PREVIOUS, is_explained=True, differences=notes)


@pytest.mark.parametrize("name", TEXT_KEYS, ids=str)
def test_another_key_is_named(name: Name) -> None:
    current, key = TEXT_KEYS[name](RAW)
    value = right(key, BODY).hex()
    assert_explained(diagnosed(value, current=current), name)
    # ... and also of the previous secret.
    if name[0] not in {"secret_empty", "secret_placeholder"}:
        found = diagnosed(value, previous=current)
        assert_explained(found, ("previous_secret", ""), name)


@given(st.sampled_from(sorted(TEXT_KEYS)), st.binary(min_size=9, max_size=40), st.binary())
def test_another_key_is_named_whatever_the_secret_and_the_body(
    name: Name, raw: bytes, body: bytes
) -> None:
    assume(raw == raw.strip() and raw[:1] not in b"\"'")
    assume(raw.strip(b"\0"))  # HMAC fills keys up with NUL
    current, key = TEXT_KEYS[name](raw)
    assert_explained(diagnosed(right(key, body).hex(), current=current, body=body), name)


@pytest.mark.parametrize(
    ("cause", "current"),
    [
        ("secret_stripped", b" c2VjcmV0LWtleQ==\r\n"),
        ("secret_stripped", b" c2VjcmV0LWtleQ==="),
        ("secret_unquoted", b"'c2VjcmV0LWtleQ'"),
        ("secret_unquoted", b' "c2VjcmV0LWtleQ=" '),
    ],
)
def test_a_secret_that_is_cleaned_and_decoded_has_both_causes(cause: str, current: bytes) -> None:
    found = diagnosed(right(b"secret-key", BODY).hex(), current=current)
    assert_explained(found, (cause, ""), ("secret_base64_decoded", ""))


@pytest.mark.parametrize("name", OTHERS, ids=str)
def test_another_body_is_named(name: Name) -> None:
    body = BODY_OF.get(name[0], BODY)
    if name == ("body_newline_removed", "LF"):
        body = b"{}\n"
    signed = OTHERS[name](body)
    assert_explained(diagnosed(right(SECRET, signed).hex(), body=body), name)


@given(st.sampled_from(sorted(OTHERS)), bodies(), st.sampled_from(["", "\n", "\r\n", " \n"]))
def test_what_is_named_turns_the_body_into_what_was_signed(
    name: Name, body: bytes, end: str
) -> None:
    body += end.encode()
    signed = OTHERS[name](body)
    assume(signed != body)
    diagnosis = diagnosed(right(SECRET, signed).hex(), body=body)
    (found,) = names(diagnosis)
    assert OTHERS[found](body) == signed
    assert_explained(diagnosis, found)


@pytest.mark.parametrize("name", HASHES, ids=str)
def test_another_hash_is_named(name: Name) -> None:
    assert_explained(diagnosed(HASHES[name](SECRET, BODY).hex()), name)


@pytest.mark.parametrize("written", HEX_WRITINGS, ids=str)
def test_another_way_to_write_it_is_named(written: tuple[Name, ...]) -> None:
    value = HEX_WRITINGS[written](right(RAW, BODY))
    assert_explained(diagnosed(value, current=RAW), *written)


@given(st.sampled_from(sorted(HEX_WRITINGS)), st.binary(min_size=1), st.binary())
def test_another_way_to_write_it_is_named_whatever_the_secret_and_the_body(
    written: tuple[Name, ...], secret: bytes, body: bytes
) -> None:
    digest = right(secret, body)
    value = HEX_WRITINGS[written](digest)
    found = names(diagnosed(value, current=secret, body=body))
    # Without + and /, base64url is base64, and the better known is named.
    same = [(w if w != ("value_base64url", "") else ("value_base64", "")) for w in written]
    assert found in ([*written], same)


def _no_mistake(name: Name) -> bool:
    return name == ("", "")


def _tells_apart(hashing: Name, body: Name, keying: Name, writing: tuple[Name, ...]) -> bool:
    """Tell whether these are one or two mistakes that no other explains."""
    if not 1 <= sum(map(_no_mistake, (hashing, body, keying))) < 3:
        return False
    # SHA-256 of an empty key and the content is SHA-256 of the content.
    if hashing[0] == "hash_without_key" and not _no_mistake(keying):
        return False
    if hashing[0] in {"hash_key_in_front", "hash_key_behind"} and keying[0] == "secret_empty":
        return False
    return not {"value_truncated"} & {cause for cause, _ in writing}


_TOGETHER = [
    mistakes
    for mistakes in itertools.product(
        [("", ""), *sorted(HASHES)],
        [("", ""), *sorted(RESERIALISED)],
        [("", ""), *sorted(TEXT_KEYS)],
        sorted(HEX_WRITINGS),
    )
    if _tells_apart(*mistakes)
]


@given(st.sampled_from(_TOGETHER))
@example(
    (
        ("hash_other", "SHA-384"),
        ("body_reserialised", "with <, > and & escaped, keys sorted, as Go's encoding/json does"),
        ("", ""),
        (("value_base64url", ""), ("value_unpadded", "")),
    )
)
def test_two_mistakes_at_once_and_the_way_it_is_written_are_all_named(
    mistakes: tuple[Name, Name, Name, tuple[Name, ...]],
) -> None:
    hashing, body, keying, writing = mistakes
    current, key = (RAW, RAW) if _no_mistake(keying) else TEXT_KEYS[keying](RAW)
    signed = BODY if _no_mistake(body) else OTHERS[body](BODY)
    digest = (right if _no_mistake(hashing) else HASHES[hashing])(key, signed)
    value = HEX_WRITINGS[writing](digest)
    found = diagnosed(value, current=current)
    expected = [*writing, *(name for name in (hashing, body, keying) if not _no_mistake(name))]
    # As above; and what has no `=` at its end has no padding to miss.
    same = [(n if n != ("value_base64url", "") else ("value_base64", "")) for n in expected]
    padded = [[n for n in either if n[0] != "value_unpadded"] for either in (expected, same)]
    assert names(found) in (expected, same, *padded)
    assert found.is_explained


def test_three_mistakes_are_too_many() -> None:
    current, key = TEXT_KEYS["secret_base64_decoded", ""](RAW)
    digest = HASHES["hash_key_behind", ""](key, BODY + b"\n")
    assert not diagnosed(digest.hex(), current=current).is_explained


@pytest.mark.parametrize("length", [0, 1, 15])
def test_a_few_digits_are_no_proof(length: int) -> None:
    assert not diagnosed(right(SECRET, BODY).hex()[:length]).is_explained


def test_a_header_sent_twice_is_named() -> None:
    value = right(SECRET, BODY).hex()
    twice = ("header_repeated", "x-signature came 2 times")
    assert_explained(diagnosed(value, value), twice)
    assert_explained(diagnosed("", f'"{value}"'), twice, ("value_quoted", ""))


@pytest.mark.parametrize("name", ["X-Hub-Signature-256", "x-hmac", "Signature", "content-digest"])
def test_a_signature_in_another_header_is_named(name: str) -> None:
    value = right(SECRET, BODY).hex()
    detail = f"{name.lower()}, not x-signature"
    assert_explained(diagnosed(value, name=name), ("header_other_name", detail))
    found = diagnosed(f"sha1={value}", name=name)
    assert_explained(found, ("header_other_name", detail), ("value_prefix", "sha1="))


def test_a_missing_header_is_named_with_those_that_may_be_meant() -> None:
    request = SignedRequest.from_text(
        [("Stripe-Signature", "t=1,v1=00"), ("Accept", "*"), ("\x80-sign" + "é" * 90, "")], BODY
    )
    found = diagnose(request, Secrets(current=SECRET), scheme=Scheme.LYFTR, at=NOW)
    meant = "of those that came, these may be meant: stripe-signature, ?-sign" + "?" * 34
    assert names(found) == [("header_missing", f"x-signature is missing; {meant}")]
    assert not found.is_explained


def test_nothing_at_all_is_a_missing_header_and_an_empty_body() -> None:
    found = diagnosed(body=b"")
    assert names(found) == [("header_missing", "x-signature is missing"), ("body_empty", "")]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", [("value_empty", "X-Signature")]),
        ("   ", [("value_empty", "X-Signature")]),
        ("0" * 64, []),
        ("sha256=" + "aF" * 32, []),
        ("0" * 63, [("value_form", "63 hex digits")]),
        ("0" * 32, [("value_form", "32 hex digits, as MD5 has them")]),
        ("0" * 40, [("value_form", "40 hex digits, as SHA-1 has them")]),
        ("0" * 128, [("value_form", "128 hex digits, as SHA-512 has them")]),
        ("0" * 65, [("value_form", "65 hex digits")]),
        ("F" * 63, [("value_form", "63 hex digits")]),
        ("X" * 44, [("value_form", "44 characters that may be base64")]),
        ("x" * 44, [("value_form", "44 characters that may be base64")]),
        ("x" * 43 + "=", [("value_form", "44 characters that may be base64")]),
        ("?" * 64, [("value_form", "64 characters that are no hex and no base64")]),
        ("é" * 64, [("value_form", "64 characters that are no hex and no base64")]),
        (
            "sha1=" + "0" * 40,
            [("value_prefix", "sha1="), ("value_form", "40 hex digits, as SHA-1 has them")],
        ),
    ],
)
def test_what_explains_nothing_is_described(value: str, expected: list[Name]) -> None:
    found = diagnosed(value)
    assert names(found) == expected
    assert not found.is_explained


def test_a_wrong_secret_has_no_usual_cause_and_what_was_tried_is_said() -> None:
    found = diagnosed(right(b"another", BODY).hex(), previous=b"old")
    assert (found.is_verified, found.is_explained, found.differences) == (False, False, ())
    assert list(found.tried) == sorted(found.tried)
    assert set(found.tried) >= {
        *(Cause(cause) for cause, _ in HASHES),
        *(Cause.BODY_RESERIALISED, Cause.BODY_NEWLINE_ADDED, Cause.PREVIOUS_SECRET),
        *(Cause.SECRET_EMPTY, Cause.VALUE_BASE64, Cause.VALUE_TRUNCATED, Cause.VALUE_PREFIX),
    }
    assert Cause.VALUE_HEX not in found.tried


def test_digits_with_colons_between_them_do_not_show() -> None:
    """They would be the right signature."""
    value = right(SECRET, BODY).hex(":")
    shown = " ".join(difference.seen for difference in diagnosed(value).differences)
    assert value[:12] not in shown


@given(st.binary(), st.binary(min_size=1), st.binary(min_size=1), st.binary())
def test_verification_is_that_of_the_scheme(
    body: bytes, secret: bytes, key: bytes, value: bytes
) -> None:
    for sent in (value, HexHmacSha256(key).sign(body).encode()):
        request = SignedRequest(((b"x-signature", sent),), body)
        found = diagnose(request, Secrets(current=secret), scheme=Scheme.LYFTR, at=NOW)
        try:
            HexHmacSha256(secret).verify(request)
        except InvalidSignature:
            assert not found.is_verified
        else:
            assert found.is_verified


@pytest.mark.parametrize("secrets", [{"current": b""}, {"current": b"x", "previous": b""}])
def test_an_empty_secret_is_refused(secrets: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match=r"^a secret must not be empty$"):
        Secrets(**secrets)


def test_secrets_show_nowhere() -> None:
    assert repr(Secrets(current=b"open", previous=b"sesame")) == "Secrets(<secrets>)"


def test_only_numbers_that_javascript_writes_so_lose_their_point() -> None:
    body = b"[1.5, 2.0, 9007199254740992.0, 9007199254740994.0]"
    signed = b"[1.5,2,9007199254740992,9007199254740994.0]"
    (name,) = names(diagnosed(right(SECRET, signed).hex(), body=body))
    assert name == ("body_reserialised", list(SERIALISATIONS)[-1])


_WRITERS: list[Callable[[bytes], bytes]] = [*RESERIALISED.values()]


def test_no_two_serialisations_are_the_same() -> None:
    assert len({write(BODY) for write in _WRITERS}) == len(_WRITERS)
