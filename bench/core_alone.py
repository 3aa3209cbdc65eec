"""The core alone: verify and parse, beside a bare HMAC and a bare decode."""

from bench.core import measure as measure_core
from bench.figures import Amount, Line, at_most
from bench.plan import Findings, Run, say

__all__ = ["measure"]


def measure(run: Run) -> Findings:
    """Measure it in this process, once a round."""
    say("core")
    rounds = [measure_core() for _ in range(run.plan.rounds)]
    ratios = [figures["ratio_median"] for figures in rounds]
    return Findings(
        lines=[Line("core alone: verify and parse / bare HMAC and decode", ratios, at_most(1.8))],
        amounts=[
            Amount(f"core alone: {name}", "µs", [1e6 * figures[key] for figures in rounds])
            for name, key in (("verify and parse", "ours"), ("bare HMAC and decode", "bare"))
        ],
    )
