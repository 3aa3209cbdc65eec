"""What `lyftr send` says at the end."""

import json
from collections.abc import Sequence
from pathlib import Path

from lyftr_cli.output.columns import Column
from lyftr_cli.output.output import Output, say
from lyftr_cli.sending.worker_pool import RunTotals

__all__ = [
    "how_to_go_on",
    "print_all",
    "print_checked",
    "print_checked_one",
    "print_one",
    "status_of",
]

_INTERRUPTED = 130
_COLUMNS = tuple(
    Column(title, is_number=True) for title in ("TAKEN", "RETRIES", "REFUSED", "SECONDS")
)
_CHECKED_COLUMNS = (Column("WOULD SEND", is_number=True), *_COLUMNS[2:])


def status_of(totals: RunTotals) -> int:
    """Return the exit status: 0 only if everything was taken."""
    if totals.is_interrupted:
        return _INTERRUPTED
    return 1 if totals.refused or totals.is_stopped else 0


def print_checked_one(
    body: bytes, totals: RunTotals, reasons: Sequence[str], output: Output
) -> None:
    """Say whether a single message would be sent; nothing was."""
    message_id = json.loads(body)["message_id"]
    if not output.is_for_people:
        would_send = bool(totals.taken)
        fields = {"taken": False, "retries": 0, "would_send": would_send}
        output.records([{"message_id": message_id} | fields])
    elif totals.taken:
        output.say(f"would be sent: {message_id}")
    if not totals.taken:
        say(f"lyftr: would not be sent: {''.join(reasons) or 'stopped'}", err=True)


def print_checked(totals: RunTotals, seconds: float, output: Output) -> None:
    """Say how many messages would be sent, and how many not; nothing was sent."""
    if output.is_for_people:
        row = (str(totals.taken), str(totals.refused), f"{seconds:.1f}")
        output.table(_CHECKED_COLUMNS, [row])
    else:
        record = {"taken": 0, "retries": 0, "refused": totals.refused, "resume_at": None}
        output.records([record | {"seconds": round(seconds, 3), "would_send": totals.taken}])


def print_one(
    body: bytes, totals: RunTotals, reasons: Sequence[str], output: Output, url: str
) -> None:
    """Say what became of a single message."""
    message_id = json.loads(body)["message_id"]
    if not output.is_for_people:
        output.records(
            [{"message_id": message_id, "taken": bool(totals.taken), "retries": totals.retried}]
        )
    elif totals.taken:
        output.say(f"taken: {message_id}")
    if not totals.taken:
        why = "".join(reasons) or "stopped"
        say(f"lyftr: not taken by {url}: {why}", err=True)


def print_all(totals: RunTotals, seconds: float, output: Output) -> None:
    """Say how many were taken, and how many not."""
    numbers = (totals.taken, totals.retried, totals.refused)
    if output.is_for_people:
        output.table(_COLUMNS, [(*map(str, numbers), f"{seconds:.1f}")])
    else:
        names = ("taken", "retries", "refused")
        record = dict(zip(names, numbers, strict=True))
        output.records([record | {"resume_at": totals.resume_at, "seconds": round(seconds, 3)}])


def how_to_go_on(totals: RunTotals, failed: Path | None, *, is_file: bool) -> str:
    """Say how far a run that was stopped has come."""
    rest = f"not all was taken from line {totals.resume_at} on"
    if failed is not None:
        rest = f"what was not taken is in {failed}"
        if not is_file:
            rest += f", up to line {totals.last}"
    return f"lyftr: stopped: {rest}; to send all again is safe too"
