"""What an answer is worth: whether it is right, and whether it is the one that lyftr gives."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from lyftr_cli.conformance.cases import Case
from lyftr_cli.sending.http_sender import Response
from lyftr_core.vectors import ExpectedFault

__all__ = ["Verdict", "judge"]

_Kind = TypeVar("_Kind")

_ANY_REFUSAL = frozenset(range(400, 500))
_REFUSALS: Mapping[int, frozenset[int]] = {
    401: frozenset({401, 403}),
    # The others say who may ask, where, how and how often, and nothing of the body.
    422: _ANY_REFUSAL - {401, 403, 404, 405, 408, 429},
}
"""With what a receiver refuses what lyftr refuses with the one."""


class Verdict(msgspec.Struct, frozen=True):
    """The answer to a case, judged.

    Attributes:
        case: What was asked.
        answer: What came.
        is_right: The message was taken (2xx) or refused as it should be: for its signature with
            401 or 403, for its body with another 4xx.
        is_exact: Status and body are those of lyftr's wire contract.
    """

    case: Case
    answer: Response
    is_right: bool
    is_exact: bool


class _Entry(msgspec.Struct):
    loc: list[str]
    type: str


class _Refusal(msgspec.Struct):
    detail: list[_Entry] | str


def judge(case: Case, answer: Response) -> Verdict:
    """Judge an answer.

    Where a rule is lyftr's own choice, a receiver that answers otherwise is right too, as long
    as it takes or refuses.
    """
    answered = _is_taken(answer) if case.accepted else _is_refused(case, answer)
    if case.own_rule:
        answered = _is_taken(answer) or _is_refused(case, answer)
    return Verdict(case, answer, is_right=answered, is_exact=_is_exact(case, answer))


def _is_taken(answer: Response) -> bool:
    return answer.status is not None and answer.status // 100 == 2  # noqa: PLR2004 - 2xx


def _is_refused(case: Case, answer: Response) -> bool:
    return answer.status in _REFUSALS.get(case.status, _ANY_REFUSAL)


def _is_exact(case: Case, answer: Response) -> bool:
    if answer.status != case.status:
        return False
    if case.accepted:
        return _read(answer.body, dict[str, str]) == {"status": "ok"}
    refusal = _read(answer.body, _Refusal)
    if refusal is None:
        return False
    if case.faults:
        return _names(refusal.detail, case.faults)
    return isinstance(refusal.detail, str)


def _names(detail: list[_Entry] | str, faults: Sequence[ExpectedFault]) -> bool:
    expected = [
        _Entry(["body", *([fault.field] if fault.field else [])], fault.code) for fault in faults
    ]
    return detail == expected


def _read(body: bytes, kind: type[_Kind]) -> _Kind | None:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
