"""The targets of `nox -s fuzz`: what they are run on here is what the fuzzers begin with."""

from collections.abc import Mapping

import pytest

from lyftr_core import (
    FaultCode,
    InvalidSignature,
    Message,
    SignedRequest,
    VerifiedBody,
    parse_timestamp,
)
from lyftr_core.testing.strategies.samples import sample
from tests.fuzz import targets
from tests.fuzz.requests import check_scheme
from tests.fuzz.rules import message_of
from tests.fuzz.targets import (
    TARGETS,
    check_hex_hmac_sha256,
    check_parse,
    check_standard_webhooks,
    check_timestamp,
)

BODY = (
    b'{"message_id":"m1","from":"+919876543210","to":"+14155550100",'
    b'"ts":"2026-01-15T12:00:00Z","text":"Hello"}'
)


@pytest.mark.parametrize("name", list(TARGETS))
def test_target_stands_its_seeds(name: str) -> None:
    target = TARGETS[name]
    seeds = target.some_seeds(60)
    assert len(set(seeds)) >= 5
    for seed in seeds:
        target.check(seed)
        for place in range(0, len(seed), 7 + len(seed) // 10):
            target.check(seed[:place] + target.words[place % len(target.words)] + seed[place + 2 :])


def accept(body: VerifiedBody) -> Message:
    return sample()


def accept_another(body: VerifiedBody) -> Message:
    return sample(text="another")


@pytest.mark.parametrize(("faulty", "body"), [(accept, b"{}"), (accept_another, BODY)])
def test_parser_that_takes_what_it_must_not_is_found_out(
    faulty: object, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_parse(body)
    monkeypatch.setattr(targets, "parse", faulty)
    with pytest.raises(AssertionError):
        check_parse(body)


def test_timestamp_that_is_read_otherwise_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    check_timestamp(b"2026-01-15T12:00:00.5Z")
    monkeypatch.setattr(targets, "parse_timestamp", lambda value: parse_timestamp(value[:19] + "Z"))
    with pytest.raises(AssertionError):
        check_timestamp(b"2026-01-15T12:00:00.5Z")


class Credulous:
    def verify(self, request: SignedRequest) -> VerifiedBody:
        return VerifiedBody(request.body)


class Incredulous:
    def verify(self, request: SignedRequest) -> VerifiedBody:
        raise InvalidSignature


def is_named_by_its_body(request: SignedRequest) -> bool:
    return request.headers == ((b"name", request.body),)


def name_of(request: SignedRequest) -> Mapping[bytes, bytes]:
    return {b"{name}": request.body}


@pytest.mark.parametrize(
    ("scheme", "data"),
    [(Credulous(), b"name: b\n\na"), (Incredulous(), b"name: {name}\n\na")],
)
def test_scheme_that_errs_is_found_out(scheme: Credulous | Incredulous, data: bytes) -> None:
    with pytest.raises(AssertionError, match="signature was"):
        check_scheme(data, scheme, name_of, is_named_by_its_body)


def test_right_signature_is_filled_in() -> None:
    request = b"x-signature: sha256={SIG}\n\nbody"
    filled = targets._fill_in_hex(SignedRequest((), b"body"))[b"{SIG}"]
    check_hex_hmac_sha256(request)
    assert targets._is_right_hex(SignedRequest(((b"X-Signature", filled),), b"body"))


@pytest.mark.parametrize("key", [b"{sig}", b"{old}"])
def test_right_signature_of_either_secret_is_filled_in(key: bytes) -> None:
    head = b"webhook-id: m\nwebhook-timestamp: 1768478400\nwebhook-signature: v1,"
    check_standard_webhooks(head + key + b"\n\nbody")
    named = dict(line.split(b": ") for line in head.split(b"\n"))
    filled = targets._fill_in_standard(SignedRequest(tuple(named.items()), b"body"))[key]
    named[b"webhook-signature"] += filled
    assert targets._is_right_standard(SignedRequest(tuple(named.items()), b"body"))


def test_second_reading_names_every_fault() -> None:
    assert message_of(b'{"message_id": "", "from": "+0", "ts": 1, "text": "\\u0000"}') == [
        ("message_id", FaultCode.TOO_SHORT),
        ("from", FaultCode.NOT_E164),
        ("to", FaultCode.MISSING),
        ("ts", FaultCode.WRONG_TYPE),
        ("text", FaultCode.NUL_CHARACTER),
    ]
