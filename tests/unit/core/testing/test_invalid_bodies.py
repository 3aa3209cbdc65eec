import re
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, find, given, settings

from lyftr_core import FaultCode, InvalidMessage, VerifiedBody, parse
from lyftr_core.testing import InvalidBody, invalid_bodies
from tests.support.examples import example_count

OF_NO_BODY = {
    FaultCode.CONFLICTING,
    FaultCode.CURSOR_MISMATCH,
    FaultCode.INVALID_CSV,
    FaultCode.INVALID_CURSOR,
    FaultCode.NOT_A_CHOICE,
    FaultCode.NOT_AN_INTEGER,
    FaultCode.OUT_OF_RANGE,
    FaultCode.REPEATED,
}
OF_BODIES = [code for code in FaultCode if code not in OF_NO_BODY]
FIELDS = ["message_id", "from", "to", "ts", "text"]


def smallest(**asked: Any) -> InvalidBody:  # noqa: ANN401 - what the strategy takes
    to_the_end = settings(phases=[Phase.generate, Phase.shrink], database=None)
    return find(invalid_bodies(**asked), lambda _: True, settings=to_the_end, random=Random(0))  # noqa: S311 - for tests


def faults_of(content: bytes) -> list[tuple[str | None, FaultCode]]:
    with pytest.raises(InvalidMessage) as caught:
        parse(VerifiedBody(content))
    return [(fault.field, fault.code) for fault in caught.value.faults]


@given(invalid_bodies())
@settings(max_examples=example_count(500))
def test_faults_are_those_that_the_parser_gives(invalid: InvalidBody) -> None:
    assert list(invalid.faults) == faults_of(invalid.content)


@pytest.mark.parametrize("code", OF_BODIES)
def test_every_code_can_be_asked_for(code: FaultCode) -> None:
    invalid = smallest(codes=[code])
    assert [found for _, found in invalid.faults] == [code]
    assert faults_of(invalid.content) == list(invalid.faults)


@pytest.mark.parametrize("field", [None, *FIELDS])
def test_every_field_can_be_asked_for(field: str | None) -> None:
    assert [found for found, _ in smallest(fields=[field]).faults] == [field]


@given(invalid_bodies(codes=["missing", "not_e164"], fields=["from", "to", "ts"]))
def test_only_what_is_asked_for_is_broken(invalid: InvalidBody) -> None:
    assert {code for _, code in invalid.faults} <= {FaultCode.MISSING, FaultCode.NOT_E164}
    assert {field for field, _ in invalid.faults} <= {"from", "to", "ts"}


def test_invalid_bodies_shrink_to_one_fault_in_a_short_body() -> None:
    assert smallest() == InvalidBody(b"", ((None, FaultCode.INVALID_JSON),))
    of_fields = smallest(fields=["from", "to", "ts"])
    assert of_fields.faults == (("from", FaultCode.NOT_E164),)
    assert len(of_fields.content) < 90


def test_invalid_bodies_break_several_fields_too() -> None:
    def breaks_all(invalid: InvalidBody) -> bool:
        return [field for field, _ in invalid.faults] == FIELDS

    once = settings(phases=[Phase.generate], database=None, max_examples=20_000)
    found = find(invalid_bodies(), breaks_all, settings=once, random=Random(0))  # noqa: S311 - for tests
    assert list(found.faults) == faults_of(found.content)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda: invalid_bodies(codes=["conflicting"]), "codes must be some of"),
        (lambda: invalid_bodies(codes="missing"), "codes must be some of"),
        (lambda: invalid_bodies(codes=[]), "codes must be some of"),
        (lambda: invalid_bodies(fields=["sender"]), "fields must be some of [None, 'message_id'"),
        (lambda: invalid_bodies(codes=["not_e164"], fields=["ts"]), "must leave a rule"),
    ],
)
def test_wrong_keyword_is_told_at_once(wrong: Callable[[], object], told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        wrong()
