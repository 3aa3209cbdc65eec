"""What `lyftr conformance` prints of its verdicts, for people and for programs."""

import json
from collections.abc import Iterator, Sequence

from lyftr_cli.conformance.verdict import Verdict

__all__ = ["as_json_lines", "as_text"]

_TITLES = ("GROUP", "CASES", "RIGHT", "AS LYFTR")


def as_json_lines(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Return one JSON object for each case."""
    for verdict in verdicts:
        case, answer = verdict.case, verdict.answer
        yield json.dumps(
            {
                "group": case.group,
                "name": case.name,
                "accepted": case.accepted,
                "own_rule": case.own_rule,
                "status": answer.status,
                "expected_status": case.status,
                "right": verdict.is_right,
                "exact": verdict.is_exact,
                "reason": case.reason,
            }
        )


def as_text(verdicts: Sequence[Verdict], *, verbose: bool) -> Iterator[str]:
    """Return a table of how many are right, and what is wrong.

    Args:
        verdicts: Of all cases, those of a group together.
        verbose: Whether to list what is right too, but not answered as lyftr does.
    """
    yield from _table(verdicts)
    wrong = [verdict for verdict in verdicts if not verdict.is_right]
    if wrong:
        yield ""
        yield "wrong:"
        yield from map(_line, wrong)
    if verbose and (other := [v for v in verdicts if v.is_right and not v.is_exact]):
        yield ""
        yield "right, but not as lyftr answers:"
        yield from map(_line, other)


def _table(verdicts: Sequence[Verdict]) -> Iterator[str]:
    groups = dict.fromkeys(verdict.case.group for verdict in verdicts)
    rows = [_row(name, [v for v in verdicts if v.case.group == name]) for name in groups]
    rows = [_TITLES, *rows, _row("all", verdicts)]
    first, *widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *numbers in rows:
        cells = [number.rjust(width) for number, width in zip(numbers, widths, strict=True)]
        yield "  ".join([name.ljust(first), *cells])


def _row(name: str, verdicts: Sequence[Verdict]) -> tuple[str, str, str, str]:
    right = sum(verdict.is_right for verdict in verdicts)
    exact = sum(verdict.is_exact for verdict in verdicts)
    return name, str(len(verdicts)), str(right), str(exact)


def _line(verdict: Verdict) -> str:
    case, answer = verdict.case, verdict.answer
    came = f"no answer ({answer.failure})" if answer.status is None else str(answer.status)
    should = f"{'taken' if case.accepted else 'refused'}, {case.status}"
    return f"  {case.group}/{case.name}: {came}, should be {should}. {case.reason}"
