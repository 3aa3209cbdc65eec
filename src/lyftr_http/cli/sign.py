"""`lyftr sign`: sign a body, as a sender of webhooks would."""

import shlex
from typing import BinaryIO

import click

from lyftr_core import HexHmacSha256
from lyftr_http.cli.environment import settings_from_environment
from lyftr_http.settings import InvalidSettings, Settings

__all__ = ["curl_line", "sign", "webhook_url"]

_EXAMPLES = """
\b
Examples:
  lyftr sign message.json
  lyftr sign --curl message.json | sh
"""


@click.command(epilog=_EXAMPLES)
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--curl", is_flag=True, help="Print a curl line that delivers the body.")
@click.option("--url", help="Where the curl line delivers to.  [default: from HOST and PORT]")
def sign(file: BinaryIO, *, curl: bool, url: str | None) -> None:
    """Print the X-Signature of a body.

    The body is read from FILE, or from standard input, byte for byte; the secret comes from
    WEBHOOK_SECRET.
    """
    settings = settings_from_environment()
    if settings.webhook_secret is None:
        raise InvalidSettings("WEBHOOK_SECRET must be set to sign with")
    body = file.read()
    signature = HexHmacSha256(settings.webhook_secret.key).sign(body)
    click.echo(curl_line(url or webhook_url(settings), signature, body) if curl else signature)


def curl_line(url: str, signature: str, body: bytes) -> str:
    """Return a shell command that delivers a signed body.

    Raises:
        click.UsageError: The body is not text without NUL, so no argument can carry it.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise click.UsageError("--curl needs a body in UTF-8") from None
    if "\0" in text:
        raise click.UsageError("--curl needs a body without NUL")
    headers = ["-H", "Content-Type: application/json", "-H", f"X-Signature: {signature}"]
    return shlex.join(["curl", "-sS", url, *headers, "--data-raw", text])


def webhook_url(settings: Settings) -> str:
    """Return the address of the webhook on this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 - compared, not bound
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}/webhook"
