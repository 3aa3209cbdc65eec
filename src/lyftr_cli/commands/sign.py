"""`lyftr sign`: sign a body, as a sender of webhooks would."""

from collections.abc import Sequence
from typing import BinaryIO

import click

from lyftr_cli.environment import settings_from_environment
from lyftr_cli.sending.curl_line import curl_line
from lyftr_runtime.settings import Settings
from lyftr_runtime.signing import signer_of

__all__ = ["sign", "webhook_url"]

_EXAMPLES = """
\b
Examples:
  lyftr sign message.json
  lyftr sign --curl message.json | sh
"""


@click.command(epilog=_EXAMPLES)
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--curl", is_flag=True, help="Print a curl command that delivers the body.")
@click.option("--url", help="Where the curl line delivers to.  [default: from HOST and PORT]")
def sign(file: BinaryIO, *, curl: bool, url: str | None) -> None:
    """Print the signature of a body.

    The body is read from FILE, or from standard input, byte for byte; the secret comes from
    WEBHOOK_SECRET. What is printed is the value of X-Signature, or the three headers where
    WEBHOOK_SCHEME is standard; those hold for five minutes.
    """
    settings = settings_from_environment()
    signer = signer_of(settings)
    body = file.read()
    headers = signer.signature_headers(body)
    if curl:
        # In bytes, so that the line carries the body whatever the encoding of standard output.
        click.echo(curl_line(_target(url, settings), headers, body).encode())
    else:
        click.echo(_as_lines(headers))


def _target(url: str | None, settings: Settings) -> str:
    if url is None:
        return webhook_url(settings)
    from lyftr_cli.sending.http_sender import split_url  # noqa: PLC0415 - it loads a client of HTTP

    try:
        split_url(url)
    except ValueError as exc:
        raise click.UsageError(f"--url {exc}") from None
    return url


def _as_lines(headers: Sequence[tuple[str, str]]) -> str:
    """Return the value of a header that is alone, or each header on a line of its own."""
    if len(headers) == 1:
        return headers[0][1]
    return "\n".join(f"{name}: {value}" for name, value in headers)


def webhook_url(settings: Settings) -> str:
    """Return the address of the webhook on this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 - compared, not bound
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}/webhook"
