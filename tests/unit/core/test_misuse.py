"""What a caller mixes up: taken where it is plain what is meant, else refused in a sentence."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from email.message import Message as EmailMessage
from typing import Any

import httpx
import pytest

from lyftr_core import (
    HexHmacSha256,
    IngestMessage,
    InMemoryMessageRepository,
    InvalidQuery,
    InvalidSignature,
    ListConflicts,
    LogRequest,
    Message,
    MessageFilter,
    Order,
    PageRequest,
    Position,
    SignedRequest,
    StandardWebhooks,
    VerifiedBody,
    decode_cursor,
    encode_cursor,
    format_timestamp,
    parse,
    parse_timestamp,
)

_BODY = b'{"message_id":"m1","from":"+12","to":"+13","ts":"2026-01-15T12:00:00Z"}'
_NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
_NAIVE = datetime(2026, 1, 15, 12)  # noqa: DTZ001 - it is about these
_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
_HEX = HexHmacSha256("secret")
_STANDARD = StandardWebhooks(_SECRET, clock=lambda: _NOON)
_SCHEMES = [_HEX, _STANDARD]
_MESSAGE = Message(message_id="m1", sender="+12", recipient="+13", ts=_NOON)
_TEXT = "for text use SignedRequest.from_text"
_BYTES = r"for bytes, as ASGI has them, use SignedRequest\(headers, body\)"


def _email(headers: Iterable[tuple[str, str]]) -> EmailMessage:
    """As `http.client` and `http.server` have headers."""
    made = EmailMessage()
    for name, value in headers:
        made[name] = value
    return made


@pytest.mark.parametrize("scheme", _SCHEMES, ids=repr)
@pytest.mark.parametrize(
    "kind", [dict, list, tuple, iter, httpx.Headers, _email], ids=lambda kind: kind.__name__
)
def test_text_headers_may_be_a_mapping_or_pairs(
    scheme: HexHmacSha256 | StandardWebhooks, kind: Callable[[Any], Any]
) -> None:
    request = SignedRequest.from_text(kind(scheme.signature_headers(_BODY)), _BODY)
    assert scheme.verify(request).content == _BODY


def test_headers_that_were_sent_twice_stay_two() -> None:
    for headers in (httpx.Headers([("a", "1"), ("a", "2")]), _email([("a", "1"), ("a", "2")])):
        assert SignedRequest.from_text(headers, b"").header_values(b"a") == [b"1", b"2"]  # type: ignore[arg-type] # what people pass
    twice = httpx.Headers(_HEX.signature_headers(_BODY) * 2)
    with pytest.raises(InvalidSignature):
        _HEX.verify(SignedRequest.from_text(twice, _BODY))


@pytest.mark.parametrize("scheme", _SCHEMES, ids=repr)
@pytest.mark.parametrize("kind", [iter, list, dict], ids=lambda kind: kind.__name__)
def test_headers_as_bytes_may_be_any_pairs_and_are_read_as_often_as_wanted(
    scheme: HexHmacSha256 | StandardWebhooks, kind: Callable[[Any], Any]
) -> None:
    pairs = [(n.encode(), v.encode()) for n, v in scheme.signature_headers(_BODY)]
    request = SignedRequest(kind(pairs), _BODY)
    assert request.headers == tuple(pairs)
    for _ in range(2):
        assert scheme.verify(request).content == _BODY


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_a_body_of_other_bytes_is_copied(kind: Callable[[bytearray], Any]) -> None:
    body = kind(bytearray(_BODY))
    request = SignedRequest.from_text(_HEX.signature_headers(_BODY), body)
    body[0:1] = b"["
    assert type(request.body) is bytes
    assert parse(_HEX.verify(request)) == _MESSAGE


def _given(value: Any) -> Any:  # noqa: ANN401 - of a type that a type checker refuses
    return value


_REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "text body": (
        lambda: SignedRequest.from_text({}, _given("{}")),
        "the body must be the raw bytes that were sent, not str",
    ),
    "no body": (lambda: SignedRequest((), _given(None)), "raw bytes that were sent, not NoneType"),
    "bytes as text": (lambda: SignedRequest.from_text(_given([(b"a", b"b")]), b""), _BYTES),
    "one text": (lambda: SignedRequest.from_text(_given("X-Signature: canary"), b""), _BYTES),
    "no headers": (lambda: SignedRequest.from_text(_given(None), b""), _BYTES),
    "a number": (lambda: SignedRequest(_given(5), b""), _TEXT),
    "text": (lambda: _HEX.verify(SignedRequest(_given((("X-Signature", "canary"),)), b"")), _TEXT),
    "half text": (lambda: _HEX.verify(SignedRequest(_given(((b"X-Signature", "a"),)), b"")), _TEXT),
    "a mapping of text": (
        lambda: _STANDARD.verify(SignedRequest(_given({"webhook-id": "1"}), b"")),
        _TEXT,
    ),
    "no pairs": (lambda: _HEX.verify(SignedRequest(_given((b"abc",)), b"")), _TEXT),
    "a name as text": (
        lambda: SignedRequest((), b"").header_values(_given("a")),
        "the name of a header must be bytes, not str",
    ),
    "text to sign": (lambda: _HEX.sign(_given("{}")), "the body must be the raw bytes"),
    "text to sign now": (lambda: _STANDARD.signature_headers(_given("{}")), "not str"),
    "text to sign then": (
        lambda: _STANDARD.sign(_given("{}"), webhook_id="a", timestamp=_NOON),
        "the body must be the raw bytes",
    ),
    "a secret": (lambda: HexHmacSha256(_given(5)), "the secret must be text or bytes, not int"),
    "no secret": (lambda: HexHmacSha256(_given(None)), "text or bytes, not NoneType"),
    "zero": (lambda: HexHmacSha256("a", previous=_given(0)), "text or bytes, not int"),
    "an empty list": (lambda: HexHmacSha256(_given([])), "text or bytes, not list"),
    "no request": (lambda: _HEX.verify(_given(None)), "takes a SignedRequest, not NoneType"),
    "a text": (lambda: _HEX.verify(_given("x")), "takes a SignedRequest, not str"),
    "no request either": (lambda: _STANDARD.verify(_given(None)), "SignedRequest, not NoneType"),
    "the class": (lambda: _STANDARD.verify(_given(SignedRequest)), "SignedRequest, not StructMeta"),
    "a number as name": (
        lambda: SignedRequest((), b"").header_values(_given(5)),
        "the name of a header must be bytes, not int",
    ),
    "a class": (lambda: SignedRequest(_given(dict), b""), _TEXT),
    "a class of text": (lambda: SignedRequest.from_text(_given(dict), b""), _BYTES),
    "a number as webhook-id": (
        lambda: _STANDARD.sign(b"", webhook_id=_given(5), timestamp=_NOON),
        "the webhook-id must be text, not int",
    ),
    "a secret of bytes": (
        lambda: StandardWebhooks(_given(b"whsec_YQ=="), clock=lambda: _NOON),
        "the secret must be text, not bytes",
    ),
    "a time as clock": (
        lambda: StandardWebhooks(_SECRET, clock=_given(_NOON)),
        "the clock must be a function",
    ),
    "a tolerance": (
        lambda: StandardWebhooks(_SECRET, clock=lambda: _NOON, tolerance=_given(300)),
        "the tolerance must be a timedelta",
    ),
    "a naive clock that signs": (
        lambda: StandardWebhooks(_SECRET, clock=lambda: _NAIVE).signature_headers(b""),
        "an aware datetime in UTC, .* not a naive one",
    ),
    "a naive clock that verifies": (
        lambda: StandardWebhooks(_SECRET, clock=lambda: _NAIVE).verify(
            SignedRequest.from_text(_STANDARD.signature_headers(_BODY), _BODY)
        ),
        "the clock must return an aware datetime in UTC, .* not a naive one",
    ),
    "a naive time": (lambda: format_timestamp(_NAIVE), "an aware datetime in UTC, .* a naive one"),
    "a naive place": (
        lambda: encode_cursor(Position(_NAIVE, "m"), MessageFilter(), Order.ASCENDING),
        "an aware datetime in UTC, .* not a naive one",
    ),
    "a timestamp": (lambda: parse_timestamp(_given(5)), "a timestamp must be a string, not int"),
    "an unverified body": (lambda: parse(_given(_BODY)), "parse takes the VerifiedBody .* bytes$"),
    "a verified text": (lambda: parse(VerifiedBody(_given("{}"))), "not VerifiedBody of str"),
}


@pytest.mark.parametrize(("action", "sentence"), _REFUSED.values(), ids=_REFUSED)
def test_anything_else_is_refused_in_a_sentence(
    action: Callable[[], object], sentence: str
) -> None:
    with pytest.raises(TypeError, match=sentence) as refused:
        action()
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_a_secret_may_be_any_bytes(kind: Callable[[bytes], Any]) -> None:
    for scheme in (HexHmacSha256(kind(b"secret")), HexHmacSha256("x", previous=kind(b"secret"))):
        signed = SignedRequest.from_text(_HEX.signature_headers(_BODY), _BODY)
        assert scheme.verify(signed).content == _BODY
    with pytest.raises(ValueError, match="must not be empty"):
        HexHmacSha256(kind(b""))


def test_a_secret_as_the_environment_has_it_stands_for_its_bytes() -> None:
    assert HexHmacSha256("a\udc80").sign(_BODY) == HexHmacSha256(b"a\x80").sign(_BODY)
    with pytest.raises(ValueError, match="that UTF-8 can hold") as refused:
        HexHmacSha256("canary\ud800")
    assert type(refused.value) is ValueError
    assert "d800" not in str(refused.value)


def test_what_signs_takes_the_bytes_that_a_request_takes() -> None:
    part = memoryview(b"a-b-c-d-")[::2]
    assert SignedRequest((), _given(part)).body == b"abcd"
    assert _HEX.sign(_given(part)) == _HEX.sign(b"abcd")


def test_a_header_is_looked_for_in_lower_case() -> None:
    with pytest.raises(ValueError, match="in lower case"):
        SignedRequest.from_text({"A": "1"}, b"").header_values(b"A")


@pytest.mark.parametrize("clock", [lambda: _NAIVE, lambda: 1.5], ids=["naive", "number"])
async def test_a_clock_without_a_zone_stores_nothing(clock: Callable[[], Any]) -> None:
    repository = InMemoryMessageRepository()
    request = SignedRequest.from_text(_HEX.signature_headers(_BODY), _BODY)
    with pytest.raises(TypeError, match="the clock must return an aware datetime in UTC"):
        await IngestMessage(_HEX, repository, clock)(request)
    with pytest.raises(TypeError, match="received_at must be an aware datetime in UTC"):
        await repository.add(_MESSAGE, received_at=clock())
    assert await repository.last_seq() == 0


async def test_the_use_case_takes_a_signed_request_and_a_function() -> None:
    with pytest.raises(TypeError, match="the clock must be a function"):
        IngestMessage(_HEX, InMemoryMessageRepository(), _given(_NOON))
    ingest = IngestMessage(_HEX, InMemoryMessageRepository(), lambda: _NOON)
    with pytest.raises(TypeError, match="IngestMessage takes a SignedRequest, not bytes"):
        await ingest(_given(_BODY))


@pytest.mark.parametrize("value", ["5", 1.5, b"1"])
async def test_a_number_that_is_none_is_an_invalid_query(value: object) -> None:
    for ask in (
        lambda: PageRequest(limit=_given(value)),
        lambda: PageRequest(offset=_given(value)),
        lambda: LogRequest(after=_given(value)),
    ):
        with pytest.raises(InvalidQuery, match="must be a whole number"):
            ask()
    with pytest.raises(InvalidQuery, match="limit: must be a whole number"):
        await ListConflicts(InMemoryMessageRepository())(_given(value))
    with pytest.raises(InvalidQuery, match="must be a next_cursor"):
        decode_cursor(_given(b"x"), MessageFilter(), Order.ASCENDING)


def test_an_aware_clock_of_another_zone_is_taken() -> None:
    there = _NOON.astimezone(datetime.now().astimezone().tzinfo) + timedelta(0)
    scheme = StandardWebhooks(_SECRET, clock=lambda: there)
    request = SignedRequest.from_text(_STANDARD.signature_headers(_BODY), _BODY)
    assert scheme.verify(request).content == _BODY
