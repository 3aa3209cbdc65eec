"""The findings as tables, as JSON, and as a page with a chart."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from bench.chart import draw
from bench.figures import Amount, Line
from bench.machine import LOAD_CORE, SERVER_CORE
from bench.plan import CONNECTIONS, Findings, Plan

__all__ = ["amounts", "markdown", "ratios", "to_json", "write"]

_REACHED = {True: "yes", False: "**no**", None: "-"}
_THREE_DIGITS = 100
_EXACT = "exactly as many as were acknowledged, and no answer was other than 2xx."
_PAGE = """\
# Results of the benchmark

`nox -s bench` writes this page. wrk keeps {connections} connections busy from core {load_core}, and
the server has core {server_core}. Every target gets the same signed webhooks, on a database of its
own. All that a user has is on: signature, validation, `synchronous=FULL`, request log, metrics,
request id. After each round the stored messages were counted: {exactness}

![The main figures as bars](chart.svg)

## Ratios over {rounds} rounds

The median is what must reach the goal.

{ratios}

- *ceiling*: a bare ASGI application that verifies, decodes and adds through the product's store,
  without framework, log, metrics or request id.
- *plain ceiling*: the same through the product's writer, over a plain table that nothing follows.
- *FastAPI baseline*: what people would write instead,
  [fastapi_baseline.py](../fastapi_baseline.py).
- *PostgreSQL*: durable, of the benchmark's own, by TCP. There and in what stands beside it, the
  servers, PostgreSQL and wrk share both cores; two servers get half of the webhooks and connections
  each, at the same time, and the worse of their latencies counts.
- A database with messages stored grows a little with each of its rounds.
- p99 is as wrk gives it: it adds the requests that a stall kept it from sending.

## Amounts behind them

{amounts}

## The machine

{machine}
"""


def write(folder: Path, findings: Findings, plan: Plan, machine: dict[str, str]) -> None:
    """Write `latest.json`, `README.md` and `chart.svg`.

    Args:
        folder: Where; made if it is not there.
        findings: Of all sections.
        plan: The sizes.
        machine: What the figures depend on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "latest.json").write_bytes(to_json(findings, plan, machine))
    (folder / "README.md").write_text(markdown(findings, plan, machine), encoding="utf-8")
    (folder / "chart.svg").write_text(draw(findings), encoding="utf-8")


def to_json(findings: Findings, plan: Plan, machine: dict[str, str]) -> bytes:
    """Return everything, each round by itself."""
    document = {
        "machine": machine,
        "plan": plan,
        "problems": findings.problems,
        "ratios": [_line_as_json(line) for line in findings.lines],
        "amounts": [_amount_as_json(amount) for amount in findings.amounts],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def markdown(findings: Findings, plan: Plan, machine: dict[str, str]) -> str:
    """Return the page."""
    return _PAGE.format(
        connections=CONNECTIONS,
        load_core=LOAD_CORE,
        server_core=SERVER_CORE,
        exactness="; ".join(findings.problems) or _EXACT,
        rounds=plan.rounds,
        ratios=ratios(findings.lines),
        amounts=amounts(findings.amounts),
        machine=_table(("what", "which"), machine.items()),
    )


def ratios(lines: Iterable[Line]) -> str:
    """Return a table of ratios beside their goals."""
    rows = [
        (
            line.label,
            str(line.goal or "-"),
            *map(_number, line.summary),
            _REACHED[line.is_met],
        )
        for line in lines
    ]
    return _table(("ratio", "goal", "minimum", "median", "maximum", "reached"), rows)


def amounts(found: Iterable[Amount]) -> str:
    """Return a table of amounts."""
    rows = [(amount.label, amount.unit, *map(_number, amount.summary)) for amount in found]
    return _table(("amount", "unit", "minimum", "median", "maximum"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table whose columns line up."""
    cells = [head, *rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _number(value: float) -> str:
    """Write a number with three digits that count, or with all those before the point."""
    return f"{value:,.0f}" if value >= _THREE_DIGITS else f"{value:.3g}"


def _line_as_json(line: Line) -> dict[str, object]:
    minimum, middle, maximum = line.summary
    return {
        "label": line.label,
        "goal": str(line.goal) if line.goal else None,
        "minimum": minimum,
        "median": middle,
        "maximum": maximum,
        "reached": line.is_met,
        "rounds": line.ratios,
    }


def _amount_as_json(amount: Amount) -> dict[str, object]:
    minimum, middle, maximum = amount.summary
    return {
        "label": amount.label,
        "unit": amount.unit,
        "minimum": minimum,
        "median": middle,
        "maximum": maximum,
        "rounds": amount.values,
    }
