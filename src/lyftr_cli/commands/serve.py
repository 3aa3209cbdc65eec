"""`lyftr serve`: run the server."""

import secrets
import sys
from datetime import UTC, datetime

import click
import msgspec

from lyftr_cli.commands.sign import webhook_url
from lyftr_cli.environment import database_for, no_collection, settings_from_environment
from lyftr_cli.sending.curl_line import curl_line
from lyftr_core import Message
from lyftr_core.signatures.standard_webhooks import encode_secret
from lyftr_core.wire import body_of
from lyftr_http.server.listening import bind, is_loopback
from lyftr_runtime.settings import InvalidSettings, Secret, Settings, WebhookScheme
from lyftr_runtime.signing import signer_of
from lyftr_runtime.weak_secrets import weak_secrets

__all__ = ["serve"]

_EXAMPLES = """
\b
Examples:
  lyftr serve --dev
  WEBHOOK_SECRET=... API_TOKENS=... lyftr serve --host 0.0.0.0 --port 80
"""
_REQUEST_TIMEOUT = "How long a request may take to arrive.  [default: REQUEST_TIMEOUT, or 10]"
_SHUTDOWN_TIMEOUT = "How long a shutdown may take.  [default: SHUTDOWN_TIMEOUT, or 10]"


@click.command(epilog=_EXAMPLES)
@click.option("--host", metavar="ADDRESS", help="Where to listen.  [default: HOST, or 127.0.0.1]")
@click.option("--port", metavar="PORT", help="0 takes a free one.  [default: PORT, or 8000]")
@click.option("--workers", metavar="N", type=click.IntRange(1, 64), default=1, show_default=True)
@click.option("--request-timeout", metavar="SECONDS", help=_REQUEST_TIMEOUT)
@click.option("--shutdown-timeout", metavar="SECONDS", help=_SHUTDOWN_TIMEOUT)
@click.option("--dev", is_flag=True, help="Make a secret if none is set; log for people.")
def serve(*, workers: int, dev: bool, **options: str | None) -> None:
    """Run the server.

    The database is opened before it listens, and the schema of a SQLite file brought up to date;
    that of PostgreSQL must be (lyftr migrate). SIGTERM and Ctrl-C finish what is in flight.
    """
    with no_collection():
        from lyftr_http.server.run import run_server  # noqa: PLC0415 - it loads the web framework
        from lyftr_runtime.logs.logger import create_logger  # noqa: PLC0415 - it loads structlog

    given: dict[str, tuple[str, str | None]] = {
        name.upper(): (f"--{name.replace('_', '-')}", text) for name, text in options.items()
    }
    settings = settings_from_environment(
        given | ({"LOG_FORMAT": ("--dev", "console")} if dev else {})
    )
    database = database_for(settings)
    _decide_on_readers(settings, "HOST" if options["host"] is None else "--host")
    warnings = database.prepare()
    listening = bind(settings.host, settings.port)
    settings = msgspec.structs.replace(settings, port=listening.getsockname()[1])
    if dev:
        settings = _greet(settings)
    log = create_logger(settings)
    for warning in warnings:
        log.warning(warning)
    if settings.webhook_secret is None:
        log.warning("WEBHOOK_SECRET is not set: webhooks are answered 503 until it is")
    for weakness in weak_secrets(settings):
        log.warning(weakness)
    log.info("listening", host=settings.host, port=settings.port, workers=workers)
    status = run_server(settings, listening, workers)
    log.info("stopped", status=status)
    try:
        sys.stdout.flush()
    except OSError:
        sys.stdout = None  # lines of the log that cannot be written are lost; the server is well
    sys.exit(status)


def _decide_on_readers(settings: Settings, name: str) -> None:
    """See that strangers read only where somebody wants that.

    Args:
        settings: The configuration.
        name: What the host comes from: the variable, or the option.

    Raises:
        InvalidSettings: Others can reach the address, and neither tokens nor leave are given.
        CannotListen: There is no such address.
    """
    if settings.api_tokens or settings.allow_anonymous_reads:
        return
    if not is_loopback(settings.host, settings.port):
        raise InvalidSettings(
            f"{name} is not a loopback address: set API_TOKENS to say who may read messages,"
            " or ALLOW_ANONYMOUS_READS=true to let everybody"
        )


def _greet(settings: Settings) -> Settings:
    """Make a secret where there is none, and print how to deliver a first message."""
    if settings.webhook_secret is None:
        secret = _new_secret(settings.webhook_scheme)
        click.echo(f"WEBHOOK_SECRET for this run: {secret.value}")
        settings = msgspec.structs.replace(settings, webhook_secret=secret)
    is_standard = settings.webhook_scheme is WebhookScheme.STANDARD
    body = _first_message()
    headers = signer_of(settings).signature_headers(body)
    click.echo(f"Deliver a first message{' within five minutes' if is_standard else ''} with:\n")
    click.echo(f"  {curl_line(webhook_url(settings), headers, body)}\n")
    return settings


def _new_secret(scheme: WebhookScheme) -> Secret:
    if scheme is WebhookScheme.STANDARD:
        return Secret(encode_secret(secrets.token_bytes(24)))
    return Secret(secrets.token_urlsafe(24))


def _first_message() -> bytes:
    now = datetime.now(UTC).replace(microsecond=0)
    name = f"dev-{secrets.token_hex(4)}"
    return body_of(
        Message(
            message_id=name,
            sender="+919876543210",
            recipient="+14155550100",
            ts=now,
            text="Hello from lyftr",
        )
    )
