"""Sending webhooks with wrk, and what it tells about the answers."""

import signal
import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import msgspec

from bench.plan import CONNECTIONS

__all__ = ["Load", "LoadFailed", "join", "parse_result", "send"]

_SCRIPT = Path(__file__).with_name("load.lua")
_RESULT = "result "
_TIME_LIMIT = 600
"""How long one run of wrk may take, in seconds."""
_SUCCESS = range(200, 300)


class LoadFailed(RuntimeError):
    """wrk could not send the webhooks, or not all of them were answered."""


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What came of sending webhooks.

    Attributes:
        sent: How many were sent.
        answered: How many were answered.
        began: When the first answer came, by the monotonic clock in seconds.
        seconds: From the first answer to the last.
        p50_us: The median latency in microseconds, as wrk gives it.
        p99_us: The 99th percentile, likewise.
        statuses: How often each status was answered.
        errors: How often each kind of socket error came.
    """

    sent: int
    answered: int
    began: float
    seconds: float
    p50_us: int
    p99_us: int
    statuses: dict[int, int]
    errors: dict[str, int]

    @property
    def rate(self) -> float:
        """Answers a second, from the first to the last."""
        return (self.answered - 1) / self.seconds

    @property
    def acknowledged(self) -> int:
        """How many were answered 2xx."""
        return sum(count for status, count in self.statuses.items() if status in _SUCCESS)

    @property
    def refused(self) -> dict[int, int]:
        """How often each other status was answered."""
        return {s: count for s, count in self.statuses.items() if s not in _SUCCESS}


def send(port: int, requests: Path, count: int, connections: int = CONNECTIONS) -> Load:
    """Send webhooks over some connections, each as soon as the one before it is answered.

    Args:
        port: The server's, on the loopback address.
        requests: From `write_requests`.
        count: How many of them.
        connections: How many webhooks are under way at the same time.

    Raises:
        LoadFailed: Not every one was answered.
    """
    command = [
        *("wrk", "--threads=1", f"--connections={min(connections, count)}"),
        *(f"--duration={_TIME_LIMIT}s", "--timeout=60s", f"--script={_SCRIPT}"),
        *(f"http://127.0.0.1:{port}/webhook", "--", str(requests), str(count)),
    ]
    wrk = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        output = _read(wrk)
    finally:
        wrk.kill()
        wrk.wait()
    load = parse_result(output)
    if load.sent != count or load.answered != count or any(load.errors.values()):
        raise LoadFailed(f"sent {load.sent} of {count}, answered {load.answered}: {load.errors}")
    return load


def parse_result(output: str) -> Load:
    """Find the result in what wrk has written.

    Raises:
        LoadFailed: It is not there.
    """
    for line in output.splitlines():
        if line.startswith(_RESULT):
            return msgspec.json.decode(line.removeprefix(_RESULT), type=Load, strict=False)
    raise LoadFailed(f"wrk wrote no result:\n{output}")


def join(loads: Sequence[Load]) -> Load:
    """Return what was sent to several servers at the same time as one; of latencies the worst."""
    statuses: Counter[int] = Counter()
    errors: Counter[str] = Counter()
    for load in loads:
        statuses.update(load.statuses)
        errors.update(load.errors)
    began = min(load.began for load in loads)
    return Load(
        sent=sum(load.sent for load in loads),
        answered=sum(load.answered for load in loads),
        began=began,
        seconds=max(load.began + load.seconds for load in loads) - began,
        p50_us=max(load.p50_us for load in loads),
        p99_us=max(load.p99_us for load in loads),
        statuses=dict(statuses),
        errors=dict(errors),
    )


def _read(wrk: "subprocess.Popen[str]") -> str:
    """Read all that wrk writes; end it as soon as it says that it has finished."""
    lines = []
    for line in _lines(wrk.stdout):
        lines.append(line)
        if line == "finished\n":
            wrk.send_signal(signal.SIGINT)  # else it would wait for the end of its time
    return "".join(lines)


def _lines(stream: IO[str] | None) -> IO[str]:
    if stream is None:
        raise LoadFailed("wrk has no output")
    return stream
