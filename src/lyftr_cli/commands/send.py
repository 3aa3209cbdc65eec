"""`lyftr send`: deliver messages as a sender of webhooks would."""

import sys
from pathlib import Path
from typing import BinaryIO

import click

from lyftr_cli.commands.sign import webhook_url
from lyftr_cli.options import (
    TEXT,
    FiniteRange,
    settings_with_secrets,
    signing_options,
    timeout_option,
)
from lyftr_cli.output.output import Output, output_option
from lyftr_cli.sending.messages import message_from_options
from lyftr_cli.transfer.output_files import OUTPUT_FILE, file_only
from lyftr_core.wire import body_of

__all__ = ["send"]

_MESSAGE = ("from", "to", "text", "id", "ts")
_EXAMPLES = """
\b
Examples:
  lyftr send --from +919876543210 --to +14155550100 --text Hello
  lyftr send --file messages.jsonl --rate 100 --failed left.jsonl
  lyftr search refund --all --json | lyftr send --file - --url URL
  lyftr send --file messages.jsonl --dry-run
"""


@click.command(epilog=_EXAMPLES)
@click.option("--from", type=TEXT, metavar="NUMBER", help="Who sends, as in +919876543210.")
@click.option("--to", type=TEXT, metavar="NUMBER", help="Who is to get it.")
@click.option("--text", type=TEXT, metavar="TEXT", help="The text; without it there is none.")
@click.option("--id", type=TEXT, metavar="ID", help="The message_id.  [default: a new UUID]")
@click.option("--ts", metavar="TIMESTAMP", help="When it was sent.  [default: now]")
@click.option("--file", type=click.File("rb"), help="One body a line; - is standard input.")
@click.option("--url", help="Where to.  [default: from HOST and PORT]")
@signing_options
@click.option("--rate", type=FiniteRange(0.001, 1e6), metavar="N", help="At most N a second.")
@click.option(
    "--concurrency",
    type=click.IntRange(1, 256),
    default=8,
    metavar="N",
    help="How many at once; 1 keeps the order.  [default: 8]",
)
@click.option(
    "--retries",
    type=click.IntRange(0, 100),
    default=5,
    metavar="N",
    help="How often one is tried again.  [default: 5]",
)
@timeout_option
@click.option(
    "--failed",
    metavar="FILE",
    type=OUTPUT_FILE,
    callback=file_only,
    is_eager=True,  # refused before --file is opened
    help="A new file for what was not taken.",
)
@click.option("--dry-run", is_flag=True, help="Check what would be sent, and send nothing.")
@output_option
def send(  # noqa: PLR0913 - one for each option
    *,
    file: BinaryIO | None,
    url: str | None,
    rate: float | None,
    concurrency: int,
    retries: int,
    timeout: float,
    failed: Path | None,
    dry_run: bool,
    output: Output,
    **fields: str | None,
) -> None:
    """Sign and deliver a message, or each line of a file.

    A line is a body as POST /webhook takes it, and is sent byte for byte; what the rules refuse
    is named and not sent. The secret comes from WEBHOOK_SECRET, the scheme from WEBHOOK_SCHEME.

    429, 5xx and no answer are tried again, after what Retry-After says, else after longer and
    longer pauses. The run stops where nothing would be taken: no answer, a wrong secret, a wrong
    address. Ctrl-C stops it behind what is on its way. To send the same again is safe: what was
    taken is a duplicate then.

    The exit status is 0 if all was taken (with --dry-run: would be sent), 1 if not, 2 if it could
    not be tried.
    """
    message = {name: fields.pop(name) for name in _MESSAGE}
    if file is not None and any(text is not None for text in message.values()):
        raise click.UsageError("--file takes its messages from the file alone")
    settings = settings_with_secrets(fields, purpose="to sign with")
    # It loads a client of HTTP, which no other command should wait for.
    from lyftr_cli.sending.run import Options, send_file, send_one  # noqa: PLC0415 - slow to load

    options = Options(
        url=webhook_url(settings) if url is None else url,
        rate=rate,
        concurrency=concurrency,
        retries=retries,
        timeout=timeout,
        failed=failed,
        dry_run=dry_run,
    )
    if file is None:
        status = send_one(body_of(message_from_options(message)), settings, options, output)
    else:
        status = send_file(file, settings, options, output)
    sys.exit(status)
