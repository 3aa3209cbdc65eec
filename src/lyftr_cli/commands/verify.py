"""`lyftr verify`: say why a signature does not match, to operators and to nobody else."""

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import BinaryIO

import click

from lyftr_cli.options import secret_options, settings_with_secrets
from lyftr_cli.verify.captured_headers import is_pseudo_header, parse_header_line, parse_headers
from lyftr_core import InvalidTimestamp, SignedRequest, parse_timestamp

__all__ = ["verify"]

_LARGEST = 1_048_576
_EXAMPLES = """
\b
Examples:
  lyftr verify body.json -H 'X-Signature: 5d41...'
  lyftr verify body.json --headers headers.txt --at 2026-01-15T09:28:35Z
"""


@click.command(epilog=_EXAMPLES)
@click.argument("file", type=click.File("rb"), default="-")
@click.option(
    "-H",
    "--header",
    "lines",
    multiple=True,
    metavar="LINE",
    help="One header, as curl takes it; may be repeated.",
)
@click.option(
    "--headers",
    "headers_file",
    type=click.File("rb"),
    help="A file of headers: lines, as curl -v or a log has them, or JSON.",
)
@secret_options
@click.option(
    "--at",
    default="now",
    metavar="TIMESTAMP",
    help="When the request arrived, for captures.  [default: now]",
)
@click.option("--json", "print_json", is_flag=True, help="Print one JSON object.")
def verify(
    file: BinaryIO,
    lines: tuple[str, ...],
    headers_file: BinaryIO | None,
    at: str,
    *,
    print_json: bool,
    **options: str | None,
) -> None:
    """Say whether a request verifies, and if not, why.

    The body is read from FILE, or from standard input, byte for byte. The secrets and the scheme
    come from WEBHOOK_SECRET, WEBHOOK_SECRET_PREVIOUS and WEBHOOK_SCHEME. The usual mistakes are
    tried, and two of them at once; neither a secret nor the right signature is printed.

    The exit status is 0 if it verifies, 1 if not, 2 if it could not be tried.
    """
    # No process that serves requests may load what could tell a sender more than 401.
    from lyftr_cli.verify.output import judge  # noqa: PLC0415 - for this command alone

    settings = settings_with_secrets(options, purpose="to verify with", check_secrets=False)
    headers = _headers(lines, headers_file)
    request = SignedRequest(tuple(headers), _body(file, headers_file))
    is_verified, text = judge(request, settings, _moment(at), as_json=print_json)
    click.echo(text)
    sys.exit(0 if is_verified else 1)


def _moment(text: str) -> datetime:
    if text == "now":
        return datetime.now(UTC)
    try:
        return parse_timestamp(text)
    except InvalidTimestamp:
        raise click.UsageError("--at must be `now` or as in 2026-01-15T09:28:35Z") from None


def _headers(lines: Sequence[str], file: BinaryIO | None) -> list[tuple[bytes, bytes]]:
    if not lines and file is None:
        raise click.UsageError("give the headers that came, with -H or --headers")
    headers = []
    for line in lines:
        if is_pseudo_header(os.fsencode(line)):
            continue
        header = parse_header_line(os.fsencode(line))
        if header is None:
            raise click.UsageError("-H (--header) must be `Name: value`")
        headers.append(header)
    if file is not None:
        try:
            headers += parse_headers(file.read())
        except ValueError as exc:
            raise click.UsageError(f"--headers: {exc}") from None
    return headers


def _body(file: BinaryIO, headers_file: BinaryIO | None) -> bytes:
    if headers_file is not None and file.name == headers_file.name == "<stdin>":
        raise click.UsageError("only one of FILE and --headers can be standard input")
    body = file.read(_LARGEST + 1)
    if len(body) > _LARGEST:
        raise click.UsageError(f"a body of more than {_LARGEST} bytes is not taken")
    return body
