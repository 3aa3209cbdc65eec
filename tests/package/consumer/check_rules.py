"""The tests of that team: what it makes of the rules as data."""

import pytest
import rules

from lyftr_core import InvalidMessage, VerifiedBody, parse
from lyftr_core.vectors import BodyVector, content_bytes


@pytest.mark.parametrize("case", rules.body_cases(), ids=lambda case: case.name)
def test_the_core_reads_each_body_as_its_case_says(case: BodyVector) -> None:
    body = VerifiedBody(content_bytes(case.body))
    if case.accepted:
        assert parse(body) == rules.expected(case)
        return
    with pytest.raises(InvalidMessage) as refusal:
        parse(body)
    found = tuple((fault.field, fault.code) for fault in refusal.value.faults)
    assert found == tuple((fault.field, fault.code) for fault in case.faults)


def test_a_case_signed_again_is_the_case() -> None:
    for file in rules.signature_files():
        for case in file.cases:
            request = rules.signed_now(file, case)
            assert request is None or request == case.request(), case.name


def test_a_content_is_put_together_of_pieces() -> None:
    assert rules.length(rules.TWICE) == 4
