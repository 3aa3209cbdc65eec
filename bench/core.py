"""The core alone: verify and parse one webhook, beside a bare HMAC and a bare decode.

The two take turns in one process, many short rounds, so that whatever else the machine does
meets both alike. Processor time is counted, with the garbage collector on.
"""

import hashlib
import hmac
import timeit
from collections.abc import Callable
from statistics import median
from time import process_time

import msgspec

from lyftr_core import HexHmacSha256, SignedRequest, parse

__all__ = ["BODY", "measure"]

BODY = (
    b'{"message_id": "5f0c9a52-7d1e-4c6b-9a37-2e8d41b6f0aa", "from": "+919876543210", '
    b'"to": "+14155550100", "ts": "2026-01-15T09:28:35Z", "text": "Hello! Your order 10442 '
    b'is on its way and arrives tomorrow between 9 and 12. Reply STOP to end these messages."}'
)
_SECRET = b"a secret of thirty-two bytes ..."
_ROUNDS = 300
_OPERATIONS = 300


class _Bare(msgspec.Struct):
    message_id: str
    sender: str = msgspec.field(name="from")
    recipient: str = msgspec.field(name="to")
    ts: str
    text: str


def measure(rounds: int = _ROUNDS, operations: int = _OPERATIONS) -> dict[str, float]:
    """Measure both.

    Args:
        rounds: How often each takes its turn.
        operations: How often it runs in a turn.

    Returns:
        `ours` and `bare`, the medians in seconds for one operation, and `ratio_min`,
        `ratio_median` and `ratio_max`, over the rounds, of ours to bare.
    """
    pair = _timer(_make_ours()), _timer(_make_bare())
    seconds: tuple[list[float], list[float]] = [], []
    for number in range(rounds):
        for which in (0, 1) if number % 2 else (1, 0):
            seconds[which].append(pair[which].timeit(operations) / operations)
    ratios = [ours / bare for ours, bare in zip(*seconds, strict=True)]
    return {
        "ours": median(seconds[0]),
        "bare": median(seconds[1]),
        "ratio_min": min(ratios),
        "ratio_median": median(ratios),
        "ratio_max": max(ratios),
    }


def _make_ours() -> Callable[[], object]:
    scheme = HexHmacSha256(_SECRET)
    headers = (
        (b"host", b"127.0.0.1:8000"),
        (b"user-agent", b"python-httpx/0.28.1"),
        (b"accept", b"*/*"),
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(BODY)),
        (b"x-signature", scheme.sign(BODY).encode()),
    )
    request = SignedRequest(headers, BODY)
    return lambda: parse(scheme.verify(request))


def _make_bare() -> Callable[[], object]:
    decode = msgspec.json.Decoder(_Bare).decode
    return lambda: (hmac.new(_SECRET, BODY, hashlib.sha256).hexdigest(), decode(BODY))


def _timer(operation: Callable[[], object]) -> timeit.Timer:
    return timeit.Timer(operation, "import gc; gc.enable()", timer=process_time)


if __name__ == "__main__":
    for name, value in measure().items():
        unit = "" if name.startswith("ratio") else " s"
        print(f"{name:12} {value:.3g}{unit}")  # noqa: T201 - it is what this is started for
