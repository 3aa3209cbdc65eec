"""What `lyftr send` says at the end."""

import json
from collections.abc import Sequence
from pathlib import Path

from lyftr_cli.output.columns import Column
from lyftr_cli.output.output import Output, say
from lyftr_cli.sending.worker_pool import Tally

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


def status_of(tally: Tally) -> int:
    """Return the exit status: 0 only if everything was taken."""
    if tally.is_interrupted:
        return _INTERRUPTED
    return 1 if tally.refused or tally.is_stopped else 0


def print_checked_one(body: bytes, tally: Tally, reasons: Sequence[str], output: Output) -> None:
    """Say whether a single message would be sent; nothing was."""
    message_id = json.loads(body)["message_id"]
    if not output.is_for_people:
        would_send = bool(tally.taken)
        fields = {"taken": False, "retries": 0, "would_send": would_send}
        output.records([{"message_id": message_id} | fields])
    elif tally.taken:
        output.say(f"would be sent: {message_id}")
    if not tally.taken:
        say(f"lyftr: would not be sent: {''.join(reasons) or 'stopped'}", err=True)


def print_checked(tally: Tally, seconds: float, output: Output) -> None:
    """Say how many messages would be sent, and how many not; nothing was sent."""
    if output.is_for_people:
        row = (str(tally.taken), str(tally.refused), f"{seconds:.1f}")
        output.table(_CHECKED_COLUMNS, [row])
    else:
        record = {"taken": 0, "retries": 0, "refused": tally.refused, "resume_at": None}
        output.records([record | {"seconds": round(seconds, 3), "would_send": tally.taken}])


def print_one(body: bytes, tally: Tally, reasons: Sequence[str], output: Output, url: str) -> None:
    """Say what became of a single message."""
    message_id = json.loads(body)["message_id"]
    if not output.is_for_people:
        output.records(
            [{"message_id": message_id, "taken": bool(tally.taken), "retries": tally.retried}]
        )
    elif tally.taken:
        output.say(f"taken: {message_id}")
    if not tally.taken:
        why = "".join(reasons) or "stopped"
        say(f"lyftr: not taken by {url}: {why}", err=True)


def print_all(tally: Tally, seconds: float, output: Output) -> None:
    """Say how many were taken, and how many not."""
    numbers = (tally.taken, tally.retried, tally.refused)
    if output.is_for_people:
        output.table(_COLUMNS, [(*map(str, numbers), f"{seconds:.1f}")])
    else:
        names = ("taken", "retries", "refused")
        record = dict(zip(names, numbers, strict=True))
        output.records([record | {"resume_at": tally.resume_at, "seconds": round(seconds, 3)}])


def how_to_go_on(tally: Tally, failed: Path | None, *, is_file: bool) -> str:
    """Say how far a run that was stopped has come."""
    rest = f"not all was taken from line {tally.resume_at} on"
    if failed is not None:
        rest = f"what was not taken is in {failed}"
        if not is_file:
            rest += f", up to line {tally.last}"
    return f"lyftr: stopped: {rest}; to send all again is safe too"
