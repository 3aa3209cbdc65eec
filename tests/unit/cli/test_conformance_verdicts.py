"""What an answer to a case of `lyftr conformance` is worth, and when the case is signed."""

from datetime import UTC, datetime, timedelta

import pytest

from lyftr_cli.conformance.cases import Case, vector_cases
from lyftr_cli.conformance.verdict import judge
from lyftr_cli.sending.http_sender import Response
from lyftr_core import FaultCode, SignedRequest, StandardWebhooks
from lyftr_core.vectors import ExpectedFault

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OK = b'{"status":"ok"}'
UNPROVEN = b'{"detail":"invalid signature"}'
FAULTY = b'{"detail":[{"loc":["body","from"],"msg":"any","type":"not_e164"}]}'
FAULTS = (ExpectedFault("from", FaultCode.NOT_E164),)


def case(status: int, *, own_rule: bool = False) -> Case:
    return Case(
        group="any",
        name="any",
        reason="A test.",
        accepted=status == 200,
        status=status,
        faults=FAULTS if status == 422 else (),
        own_rule=own_rule,
        request=SignedRequest((), b""),
    )


def worth(status: int, answer: Response, *, own_rule: bool = False) -> tuple[bool, bool]:
    verdict = judge(case(status, own_rule=own_rule), answer)
    return verdict.is_right, verdict.is_exact


@pytest.mark.parametrize(
    ("expected", "answer", "right", "exact"),
    [
        (200, Response(200, OK), True, True),
        (200, Response(200, b"ok"), True, False),
        (200, Response(202, OK), True, False),
        *((200, Response(status, OK), False, False) for status in (None, 302, 401, 422, 500)),
        (401, Response(401, UNPROVEN), True, True),
        (401, Response(403, UNPROVEN), True, False),
        (401, Response(401, FAULTY), True, False),
        (401, Response(401, b""), True, False),
        *((401, Response(s, UNPROVEN), False, False) for s in (None, 200, 302, 400, 404, 422, 500)),
        (422, Response(422, FAULTY), True, True),
        (422, Response(422, FAULTY.replace(b"from", b"to")), True, False),
        (422, Response(422, FAULTY.replace(b"not_e164", b"missing")), True, False),
        (422, Response(422, UNPROVEN), True, False),
        (422, Response(422, b"[" * 20_000), True, False),
        (422, Response(400, b"\xff"), True, False),
        *(
            (422, Response(status, FAULTY), False, False)
            for status in (None, 200, 302, 401, 403, 404, 405, 408, 429, 500)
        ),
        (413, Response(413, b'{"detail":"too large"}'), True, True),
        (413, Response(400, b'{"detail":"too large"}'), True, False),
    ],
    ids=str,
)
def test_an_answer_is_right_for_any_receiver_and_exact_for_ours(
    expected: int, answer: Response, *, right: bool, exact: bool
) -> None:
    assert worth(expected, answer) == (right, exact)


def test_where_the_scheme_leaves_a_choice_either_is_right_and_one_exact() -> None:
    assert worth(401, Response(200, OK), own_rule=True) == (True, False)
    assert worth(401, Response(401, UNPROVEN), own_rule=True) == (True, True)
    for status in (None, 422, 500):
        assert worth(401, Response(status), own_rule=True) == (False, False)


@pytest.mark.parametrize("group", ["standard_webhooks", "document"])
def test_a_case_is_signed_when_it_is_asked_for_however_long_the_others_took(group: str) -> None:
    now = datetime(2026, 1, 15, tzinfo=UTC)
    scheme = StandardWebhooks(SECRET, clock=lambda: now)
    cases = vector_cases(group, scheme, secret=SECRET, previous=None, clock=lambda: now)
    for made in cases:
        if isinstance(made, Case) and (made.accepted or made.status == 422):
            assert scheme.verify(made.request).content == made.request.body
        now += timedelta(minutes=10)
