"""Bodies as JSON documents: what is no such document, and what of one is looked at."""

import json
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lyftr_core import FaultCode, InvalidMessage, Message, VerifiedBody, parse
from lyftr_core.parsing import MAX_DEPTH, nests_too_deep
from lyftr_core.testing.strategies.samples import FIELDS, sample


def read(body: bytes | str) -> Message:
    return parse(VerifiedBody(body if isinstance(body, bytes) else body.encode()))


def faults_of(body: bytes | str) -> list[tuple[str | None, FaultCode]]:
    with pytest.raises(InvalidMessage) as caught:
        read(body)
    return [(fault.field, fault.code) for fault in caught.value.faults]


def body_with(members: str) -> str:
    """Return a valid body with further members at its end."""
    return f"{json.dumps(FIELDS)[:-1]}, {members}}}"


@pytest.mark.parametrize("body", ["{}", '{"text": "a"}', '{"unknown": 1}', ' {\n"a":{}}\t'])
def test_every_required_field_is_missing_from_an_empty_object(body: str) -> None:
    assert faults_of(body) == [
        (name, FaultCode.MISSING) for name in ("message_id", "from", "to", "ts")
    ]


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b" ", b"{", b"}", b"{}{}", b"{} x", b"{},", b"{'a': 1}", b'{"a" 1}', b'{"a": 1,}'),
        *(b"NaN", b'{"a": NaN}', b'{"a": Infinity}', b'{"a": -Infinity}', b'{"a": 01}', b"tru"),
        *(b"\xef\xbb\xbf{}", b"{\x00}\x00", b'{"a": "\n"}'),
        *(b'{"a": "\\x"}', b'{"a": "\\u12"}', b"{1: 1}", b"// {}", b"{}\0", b'{"a": 1 2}'),
    ],
)
def test_what_is_not_one_json_document_is_refused(body: bytes) -> None:
    assert faults_of(body) == [(None, FaultCode.INVALID_JSON)]


@pytest.mark.parametrize(
    "body", ["null", "1", "1e999", '"a"', "[]", '[{"message_id": "m"}]', "true"]
)
def test_json_that_is_no_object_is_refused(body: str) -> None:
    assert faults_of(body) == [(None, FaultCode.NOT_AN_OBJECT)]


def test_byte_order_mark_is_refused_though_the_rest_is_right() -> None:
    assert faults_of("\ufeff" + json.dumps(FIELDS)) == [(None, FaultCode.INVALID_JSON)]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32"])
def test_other_encodings_are_refused(encoding: str) -> None:
    ((field, code),) = faults_of(json.dumps(FIELDS).encode(encoding))
    assert field is None
    assert code in {FaultCode.INVALID_JSON, FaultCode.INVALID_UTF8}


@pytest.mark.parametrize(
    "faulty", [b"\xff", b"\xc3", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80"]
)
@pytest.mark.parametrize(
    "template",
    [
        b'{"text": "%s"}',
        b'{"unknown": "%s"}',
        b'{"%s": 1}',
        b'{"unknown": {"%s": 1}}',
        b'{"unknown": ["%s"]}',
        b'{"text": 1, "unknown": "%s"}',
    ],
)
def test_invalid_utf8_is_refused_wherever_it_is(template: bytes, faulty: bytes) -> None:
    members = (template % faulty)[1:-1]
    body = json.dumps(FIELDS).encode()[:-1] + b", " + members + b"}"
    assert faults_of(body) == [(None, FaultCode.INVALID_UTF8)]


@pytest.mark.parametrize("name", ["text", "unknown"])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_deep_nesting_is_refused_in_any_field(name: str, opening: str, closing: str) -> None:
    deep = opening * 100_000 + "1" + closing * 100_000
    assert faults_of(body_with(f'"{name}": {deep}')) == [(None, FaultCode.TOO_DEEP)]


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_nesting_ends_at_100_levels(opening: str) -> None:
    closing = "]" if opening == "[" else "}"
    last = MAX_DEPTH - 1  # the body is the first level
    fits = body_with(f'"x": {opening * last}1{closing * last}')
    assert read(fits) == sample()
    deeper = body_with(f'"x": {opening * MAX_DEPTH}1{closing * MAX_DEPTH}')
    assert faults_of(deeper) == [(None, FaultCode.TOO_DEEP)]


@pytest.mark.parametrize("bracket", [b"[", b"{"])
@pytest.mark.parametrize("before", [b"", b" ", b" " * 200, b"[]{}", b'"["'])
def test_levels_are_counted_wherever_they_begin(bracket: bytes, before: bytes) -> None:
    assert not nests_too_deep(before + bracket * MAX_DEPTH)
    assert nests_too_deep(before + bracket * (MAX_DEPTH + 1))


@given(
    st.lists(
        st.sampled_from([b"[", b"{", b"]", b"}", b'"', b"\\", b"\n", b"a"])
        | st.sampled_from([b"[", b"{", b'"', b"[]"]).map(lambda piece: piece * 50),
        max_size=30,
    ).map(b"".join)
)
@example(b'"\\\n' + b"[" * 101)
def test_depth_is_that_of_a_count_one_by_one(content: bytes) -> None:
    assert nests_too_deep(content) == (depth_of(content) > MAX_DEPTH)


def depth_of(content: bytes) -> int:
    """Count one by one; a backslash matters in strings alone."""
    depth = deepest = place = 0
    in_string = False
    while place < len(content):
        char = content[place : place + 1]
        place += 2 if in_string and char == b"\\" else 1
        if char == b'"':
            in_string = not in_string
        elif not in_string:
            depth += (char in (b"[", b"{")) - (char in (b"]", b"}"))
            deepest = max(deepest, depth)
    return deepest


@pytest.mark.parametrize("text", ["[" * 200, '\\"[{' * 200, "\\\\" + "{" * 200, "é{" * 200])
def test_brackets_in_a_text_nest_nothing(text: str) -> None:
    assert read(body_with(f'"text": "{text}"')) == sample(text=json.loads(f'"{text}"'))


def test_brackets_side_by_side_nest_nothing() -> None:
    assert read(body_with(f'"x": [{",".join(["[]", "{}"] * 200)}]')) == sample()


@pytest.mark.parametrize("end", ["", '"', "\\"])
def test_a_string_that_never_ends_is_no_json(end: str) -> None:
    body = '{"text": "' + "[" * 50 + "{" * 49 + '\\"' * 30_000 + end
    assert faults_of(body) == [(None, FaultCode.INVALID_JSON)]


def test_deep_nesting_never_closed_is_refused() -> None:
    assert faults_of(body_with('"unknown": ' + "[" * 100_000)) == [(None, FaultCode.TOO_DEEP)]


def test_moderate_nesting_in_an_unknown_field_is_ignored() -> None:
    assert read(body_with(f'"unknown": {"[" * 99}{"]" * 99}')) == sample()


@pytest.mark.parametrize(
    "value", ["1", "null", '"a"', '[1, {"a": []}]', "1e999", "-0.0", '"\\u0000"']
)
@pytest.mark.parametrize("name", ["unknown", "", "Text", "sender", "recipient", "message_id ", "ß"])
def test_unknown_field_is_ignored(name: str, value: str) -> None:
    assert read(body_with(f'"{name}": {value}')) == sample()


def test_number_beyond_any_float_has_the_wrong_type() -> None:
    for value in ("1e999", "-1e999", "[1e999]", "123456789012345678901234567890"):
        assert faults_of(body_with(f'"text": {value}')) == [("text", FaultCode.WRONG_TYPE)]


def test_number_of_any_length_in_an_unknown_field_hides_no_fault() -> None:
    digits = f'"unknown": {"9" * 10_000}'
    assert faults_of(body_with(f'{digits}, "from": "1"')) == [("from", FaultCode.NOT_E164)]
    assert faults_of(body_with(f'{digits}, "from": 1')) == [("from", FaultCode.WRONG_TYPE)]


def test_caller_near_the_end_of_its_stack_is_told_nothing_else() -> None:
    body = VerifiedBody(f'{{"unknown": {"[" * 99}{"]" * 99}}}'.encode())
    told: set[FaultCode] = set()

    def descend() -> None:
        with suppress(RecursionError):
            descend()
        with suppress(RecursionError):
            try:
                parse(body)
            except InvalidMessage as refusal:
                told.update(fault.code for fault in refusal.faults)

    descend()
    # Where the stack of the interpreter is also that of its decoders, the end comes there.
    assert told - {FaultCode.TOO_DEEP} == {FaultCode.MISSING}


@pytest.mark.parametrize("field", list(FIELDS))
@pytest.mark.parametrize("faulty", ["1", '"\\u0000"', "[]", "1e999"])
def test_good_value_after_a_bad_one_of_the_same_key_counts(field: str, faulty: str) -> None:
    body = f'{{"{field}": {faulty}, {json.dumps(FIELDS)[1:]}'
    assert read(body) == sample()


@pytest.mark.parametrize("field", list(FIELDS))
def test_bad_value_after_a_good_one_of_the_same_key_counts(field: str) -> None:
    assert faults_of(body_with(f'"{field}": 1')) == [(field, FaultCode.WRONG_TYPE)]


def test_last_of_several_good_values_counts() -> None:
    assert read(body_with('"text": "a", "text": "b"')) == sample(text="b")
    assert read(body_with('"text": "a", "text": null')) == sample(text=None)


def test_key_may_be_written_in_escapes() -> None:
    assert read(body_with('"\\u0074e\\u0078t": "b"')) == sample(text="b")
    assert faults_of(body_with('"fr\\u006fm": "b"')) == [("from", FaultCode.NOT_E164)]
    body = json.dumps(FIELDS).replace('"to"', '"\\u0074\\u006F"')
    assert read(body) == sample()


@pytest.mark.parametrize("escape", ["\\ud800", "\\udc00", "\\ud800\\ud800", "\\udc00\\ud800"])
@pytest.mark.parametrize("field", ["text", "message_id"])
def test_lone_surrogate_escape_is_refused(field: str, escape: str) -> None:
    body = body_with(f'"{field}": "{escape}"')
    assert faults_of(body) == [(field, FaultCode.LONE_SURROGATE)]


@pytest.mark.parametrize("escape", ["\\ud800", "\\udc00\\ud800"])
@pytest.mark.parametrize("template", ['"unknown": "{}"', '"{}": 1'])
def test_lone_surrogate_escape_in_an_unknown_field_is_ignored(template: str, escape: str) -> None:
    assert read(body_with(template.format(escape))) == sample()


def test_lone_surrogate_escape_hides_no_other_fault() -> None:
    body = body_with('"text": "\\ud800", "from": "1"')
    expected = [("from", FaultCode.NOT_E164), ("text", FaultCode.LONE_SURROGATE)]
    assert faults_of(body) == expected


def test_surrogate_pair_escape_is_one_character() -> None:
    assert read(body_with('"text": "\\ud83d\\ude00"')) == sample(text="\U0001f600")
