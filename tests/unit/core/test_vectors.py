"""The vectors hold for the core, and are written as their README says."""

import re
from collections import Counter
from importlib.resources import files

import msgspec
import pytest

from lyftr_core import (
    FaultCode,
    HexHmacSha256,
    InvalidMessage,
    InvalidSignature,
    SignedRequest,
    StandardWebhooks,
    VerifiedBody,
    format_timestamp,
    parse,
    parse_timestamp,
)
from lyftr_core.vectors import (
    BodyVector,
    BodyVectors,
    Piece,
    SignatureVector,
    SignatureVectors,
    content_bytes,
    load_vectors,
)

VECTORS = load_vectors()
BODIES = [
    pytest.param(case, id=f"{group}-{case.name}")
    for group, file in VECTORS.items()
    if isinstance(file, BodyVectors)
    for case in file.cases
]
SIGNATURES = [
    pytest.param(file, case, id=f"{group}-{case.name}")
    for group, file in VECTORS.items()
    if isinstance(file, SignatureVectors)
    for case in file.cases
]
FOLDER = files("lyftr_core.vectors").joinpath("data")
OF_NO_BODY = {
    *(FaultCode.CONFLICTING, FaultCode.CURSOR_MISMATCH, FaultCode.INVALID_CURSOR),
    *(FaultCode.NOT_A_CHOICE, FaultCode.NOT_AN_INTEGER, FaultCode.OUT_OF_RANGE),
    *(FaultCode.REPEATED, FaultCode.INVALID_CSV),
}
_MAX_BODY_SIZE = 65_536


def scheme_of(file: SignatureVectors) -> HexHmacSha256 | StandardWebhooks:
    if file.scheme == "lyftr":
        return HexHmacSha256(file.secret, previous=file.previous_secret)
    now = parse_timestamp(file.now)
    return StandardWebhooks(file.secret, previous=file.previous_secret, clock=lambda: now)


def is_proven(file: SignatureVectors, request: SignedRequest) -> bool:
    try:
        return scheme_of(file).verify(request).content == request.body
    except InvalidSignature:
        return False


@pytest.mark.parametrize("case", BODIES)
def test_body_is_read_or_refused_as_its_vector_says(case: BodyVector) -> None:
    body = VerifiedBody(content_bytes(case.body))
    if case.message is None:
        with pytest.raises(InvalidMessage) as caught:
            parse(body)
        expected = [(fault.field, fault.code) for fault in case.faults]
        assert [(fault.field, fault.code) for fault in caught.value.faults] == expected
    else:
        message = parse(body)
        assert message == case.message.to_message()
        assert format_timestamp(message.ts) == case.message.ts


@pytest.mark.parametrize(("file", "case"), SIGNATURES)
def test_request_is_proven_or_not_as_its_vector_says(
    file: SignatureVectors, case: SignatureVector
) -> None:
    assert is_proven(file, case.request()) == case.accepted


def test_a_vector_of_a_body_is_taken_with_a_message_or_refused_with_faults() -> None:
    for case in (param.values[0] for param in BODIES):
        assert isinstance(case, BodyVector)
        assert (case.accepted, not case.accepted) == (case.message is not None, case.faults != ())


def test_a_body_that_is_proven_is_a_message_so_that_a_receiver_takes_it() -> None:
    for _, case in (param.values for param in SIGNATURES):
        assert isinstance(case, SignatureVector)
        if case.accepted:
            parse(VerifiedBody(case.request().body))


def test_there_is_a_file_for_each_scheme_and_each_rule() -> None:
    assert list(VECTORS) == [
        "document",
        "hex_hmac_sha256",
        "message_id",
        "phone_number",
        "standard_webhooks",
        "text",
        "timestamp",
    ]


@pytest.mark.parametrize("name", VECTORS)
def test_each_case_is_told_by_its_name_and_gives_a_reason(name: str) -> None:
    cases = VECTORS[name].cases
    assert {case.accepted for case in cases} == {True, False}
    assert [n for n, count in Counter(case.name for case in cases).items() if count > 1] == []
    assert [case.name for case in cases if not re.fullmatch(r"[a-z0-9-]+", case.name)] == []
    assert [case.name for case in cases if not re.fullmatch(r"\S.+\.", case.reason)] == []


def test_every_fault_of_a_message_has_a_case() -> None:
    codes = {
        fault.code
        for file in VECTORS.values()
        if isinstance(file, BodyVectors)
        for case in file.cases
        for fault in case.faults
    }
    assert codes == set(FaultCode) - OF_NO_BODY


def test_messages_of_two_cases_differ_in_their_identifiers_and_say_where_they_are_from() -> None:
    stored = Counter(
        parse(VerifiedBody(content_bytes(case.body))).message_id
        for file in VECTORS.values()
        for case in file.cases
        if case.accepted
    )
    assert [message_id for message_id, count in stored.items() if count > 1] == []
    # One character leaves no room for a prefix.
    assert [i for i in stored if not i.startswith("lyftr-conformance-")] == ["~"]


def test_no_body_is_larger_than_a_receiver_takes() -> None:
    sizes = [len(content_bytes(case.body)) for file in VECTORS.values() for case in file.cases]
    assert max(sizes) == _MAX_BODY_SIZE


def test_every_header_is_one_that_http_can_carry() -> None:
    for _, case in (param.values for param in SIGNATURES):
        assert isinstance(case, SignatureVector)
        for name, value in case.request().headers:
            assert re.fullmatch(rb"[A-Za-z0-9_-]+", name)
            assert re.fullmatch(rb"[\t\x20-\x7e\x80-\xff]*", value)
            assert value == value.strip(b" \t")
        assert sum(len(value) for _, value in case.request().headers) < 1_000


@pytest.mark.parametrize("name", VECTORS)
def test_a_file_has_no_field_that_is_not_documented(name: str) -> None:
    for field in ("unknown", "name"):
        content = FOLDER.joinpath(f"{name}.json").read_bytes()
        changed = content.replace(b"{\n", b'{\n"%b": 1,' % field.encode(), 1)
        with pytest.raises(msgspec.ValidationError, match="unknown field"):
            msgspec.json.decode(changed, type=BodyVectors | SignatureVectors)


def test_the_readme_names_every_field() -> None:
    text = FOLDER.joinpath("README.md").read_text()
    for struct in (BodyVectors, SignatureVectors, BodyVector, SignatureVector, Piece):
        for field in msgspec.structs.fields(struct):
            assert re.search(rf"`(cases\[\])?\.?{field.encode_name}\??`", text), field


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("é", b"\xc3\xa9"),
        ((), b""),
        (("a", "b"), b"ab"),
        ((Piece(text="é", times=2), Piece(base64="/w=="), "z"), b"\xc3\xa9\xc3\xa9\xffz"),
        ((Piece(base64="//4=", times=3),), b"\xff\xfe" * 3),
        ((Piece(),), b""),
    ],
)
def test_pieces_follow_one_another(content: tuple[str | Piece, ...], expected: bytes) -> None:
    assert content_bytes(content) == expected


@pytest.mark.parametrize("value", ["/w", "/w==\n", "_w==", "/w=="[:3]])
def test_base64_of_a_piece_is_strict(value: str) -> None:
    with pytest.raises(ValueError, match=r"(?i)padding|base64|excess"):
        content_bytes((Piece(base64=value),))
