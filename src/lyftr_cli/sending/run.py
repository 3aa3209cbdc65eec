"""A run of `lyftr send`: from what is to be sent to what is said of it."""

import os
import stat
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

import click
import msgspec

from lyftr_cli.output.output import Output, say
from lyftr_cli.output.progress import progress
from lyftr_cli.sending import summary
from lyftr_cli.sending.delivery import Delivery, DeliveryOutcome, deliver
from lyftr_cli.sending.failed_messages import failed_messages
from lyftr_cli.sending.http_sender import HttpSender
from lyftr_cli.sending.messages import Outgoing, count_lines, read_outgoing
from lyftr_cli.sending.rate_limit import RateLimiter
from lyftr_cli.sending.worker_pool import RunTotals, WorkerPool
from lyftr_runtime.settings import Settings
from lyftr_runtime.signing import signer_of

__all__ = ["Options", "send_file", "send_one"]

_Delivering = Callable[[], AbstractContextManager[Callable[[Outgoing], Delivery]]]


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How to send.

    Attributes:
        url: Where to.
        rate: At most how many requests a second; `None` for as many as there are.
        concurrency: How many at once.
        retries: At most how many tries after the first, for each message.
        timeout: How many seconds an answer may take.
        failed: The file for what was not taken.
        dry_run: Whether to check only.
    """

    url: str
    rate: float | None
    concurrency: int
    retries: int
    timeout: float
    failed: Path | None
    dry_run: bool


def send_one(body: bytes, settings: Settings, options: Options, output: Output) -> int:
    """Send one body, and say what became of it; return the exit status."""
    message = Outgoing(1, body)
    reasons: list[str] = []
    with failed_messages(options.failed, settings) as left:

        def note(delivery: Delivery) -> None:
            if delivery.outcome is not DeliveryOutcome.TAKEN:
                reasons.append(delivery.reason)
                left.add(delivery.message.body)

        totals = _send([message], settings, msgspec.structs.replace(options, concurrency=1), note)
    if totals.error:
        raise totals.error
    if options.dry_run:
        summary.print_checked_one(body, totals, reasons, output)
    else:
        summary.print_one(body, totals, reasons, output, options.url)
    return summary.status_of(totals)


def send_file(stream: BinaryIO, settings: Settings, options: Options, output: Output) -> int:
    """Send each line of a file, and say what became of them; return the exit status."""
    started = time.monotonic()
    is_file = stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    start = stream.tell() if is_file else 0
    with (
        failed_messages(options.failed, settings) as left,
        progress("send", count_lines(stream) if is_file else None, unit="lines") as shown,
    ):

        def note(delivery: Delivery) -> None:
            if delivery.outcome is not DeliveryOutcome.TAKEN:
                left.add(delivery.message.body)
            if delivery.outcome in {DeliveryOutcome.REFUSED, DeliveryOutcome.HOPELESS}:
                shown.say(f"line {delivery.message.number}: {delivery.reason}")
            shown.advance()

        totals = _send(read_outgoing(stream), settings, options, note)
        if totals.is_stopped and is_file:
            left.add_behind(totals.last, stream, start)
    if totals.error:  # now that all that was not taken is kept
        raise totals.error
    print_summary = summary.print_checked if options.dry_run else summary.print_all
    print_summary(totals, time.monotonic() - started, output)
    if totals.is_stopped:
        say(summary.how_to_go_on(totals, options.failed, is_file=is_file), err=True)
    return summary.status_of(totals)


def _send(
    messages: Iterable[Outgoing],
    settings: Settings,
    options: Options,
    note: Callable[[Delivery], None],
) -> RunTotals:
    stop = threading.Event()
    delivering = _checking if options.dry_run else _delivering(settings, options, stop)
    return WorkerPool(delivering, size=options.concurrency, stop=stop, note=note).send(messages)


def _delivering(settings: Settings, options: Options, stop: threading.Event) -> _Delivering:
    """Return what opens a connection to deliver messages over.

    Raises:
        click.UsageError: The address is none.
    """
    signer = signer_of(settings)
    limiter = RateLimiter(options.rate, stop)
    connect = partial(HttpSender, options.url, timeout=options.timeout, keep_open=True)
    try:
        connect()
    except ValueError as exc:
        raise click.UsageError(f"--url {exc}") from None

    @contextmanager
    def delivering() -> Iterator[Callable[[Outgoing], Delivery]]:
        with closing(connect()) as sender:
            yield lambda message: deliver(message, sender, signer, limiter, options.retries)

    return delivering


@contextmanager
def _checking() -> Iterator[Callable[[Outgoing], Delivery]]:
    yield lambda message: Delivery(
        message,
        DeliveryOutcome.REFUSED if message.fault else DeliveryOutcome.TAKEN,
        0,
        message.fault,
    )
