"""The main figures as bars, in one SVG that is readable on light and on dark pages."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

from bench.plan import RATE_LABEL, SIZES_LABEL, Findings

__all__ = ["draw"]

_WIDTH = 760
_BARS_FROM = 260
_LONGEST_BAR = 400
_ROW = 24
_BAR = 14
_HEAD = 44
_STYLE = """\
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600 }
.bar { fill: #4f8fd6 }
.spread { stroke: #24292f; stroke-width: 1.5 }
.goal { stroke: #c4432b; stroke-width: 2; stroke-dasharray: 3 2 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .spread { stroke: #e6edf3 }
  .goal { stroke: #ff7b72 }
}
"""


class _Bar(NamedTuple):
    label: str
    minimum: float
    median: float
    maximum: float
    goal: float = 0.0


class _Panel(NamedTuple):
    title: str
    bars: Sequence[_Bar]

    @property
    def height(self) -> int:
        return _HEAD + _ROW * len(self.bars)

    def draw(self, top: int) -> Iterator[str]:
        """Yield the elements, beginning at a height; the thin line spans all rounds."""
        longest = max(max(bar.maximum, bar.goal) for bar in self.bars)
        yield f'<text class="title" x="10" y="{top + _HEAD - 16}">{escape(self.title)}</text>'
        for number, bar in enumerate(self.bars):
            yield from _draw_bar(bar, top + _HEAD + number * _ROW, _LONGEST_BAR / longest)


def draw(findings: Findings) -> str:
    """Draw the webhooks a second, and how much longer reads take with many messages.

    Args:
        findings: What of these was not measured is left out.
    """
    elements: list[str] = []
    top = 0
    for panel in _panels(findings):
        elements += panel.draw(top)
        top += panel.height
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{top + 10}">',
            f"<style>\n{_STYLE}</style>",
            *elements,
            "</svg>\n",
        ]
    )


def _panels(findings: Findings) -> Iterator[_Panel]:
    rates = [
        _Bar(amount.label.removeprefix(RATE_LABEL), *amount.summary)
        for amount in findings.amounts
        if amount.label.startswith(RATE_LABEL)
    ]
    if rates:
        yield _Panel("POST /webhook: requests a second, 64 connections", rates)
    by_size: dict[str, list[_Bar]] = {}
    for line in findings.lines:
        kind, mark, sizes = line.label.partition(SIZES_LABEL)
        if mark and line.goal:
            by_size.setdefault(sizes, []).append(_Bar(kind, *line.summary, line.goal.bound))
    for sizes, bars in by_size.items():
        yield _Panel(f"Reads: time at {sizes} (dashed: the goal)", bars)


def _draw_bar(bar: _Bar, y: int, scale: float) -> Iterator[str]:
    middle = y + _BAR / 2
    left, right = (_BARS_FROM + value * scale for value in (bar.minimum, bar.maximum))
    yield f'<text x="{_BARS_FROM - 10}" y="{y + 11}" text-anchor="end">{escape(bar.label)}</text>'
    yield (
        f'<rect class="bar" x="{_BARS_FROM}" y="{y}" width="{bar.median * scale:.1f}"'
        f' height="{_BAR}"/>'
    )
    yield (f'<line class="spread" x1="{left:.1f}" y1="{middle}" x2="{right:.1f}" y2="{middle}"/>')
    if bar.goal:
        at = _BARS_FROM + bar.goal * scale
        yield f'<line class="goal" x1="{at:.1f}" y1="{y - 3}" x2="{at:.1f}" y2="{y + _BAR + 3}"/>'
    after = _BARS_FROM + max(bar.maximum, bar.goal) * scale + 8
    yield f'<text x="{after:.1f}" y="{y + 11}">{_short(bar.median)}</text>'


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"  # noqa: PLR2004 - digits enough
