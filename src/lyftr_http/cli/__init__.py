"""The command line: `lyftr serve`, what signs and verifies, what is done to a database."""

import sys

import click

from lyftr_core import LyftrError, __version__
from lyftr_http.cli.check import check
from lyftr_http.cli.conflicts import conflicts
from lyftr_http.cli.conformance import conformance
from lyftr_http.cli.migrate import migrate
from lyftr_http.cli.rebuild import rebuild
from lyftr_http.cli.serve import serve
from lyftr_http.cli.sign import sign
from lyftr_http.cli.verify import verify
from lyftr_http.settings import InvalidSettings

__all__ = ["cli", "run"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", message="lyftr %(version)s")
def cli() -> None:
    """A webhook inbox for signed text messages.

    Configuration comes from environment variables and from a .env file in the current folder:
    WEBHOOK_SECRET, WEBHOOK_SECRET_PREVIOUS, WEBHOOK_SCHEME, DATABASE_URL, HOST, PORT,
    LOG_LEVEL, LOG_FORMAT, REQUEST_TIMEOUT, SHUTDOWN_TIMEOUT, MAX_WEBHOOKS_IN_FLIGHT,
    MAX_READS_IN_FLIGHT, API_TOKENS, ALLOW_ANONYMOUS_READS.
    """


for command in (serve, sign, verify, conformance, migrate, check, rebuild, conflicts):
    cli.add_command(command)


def run() -> None:
    """Run the command line. What goes wrong is one line on standard error and a non-zero exit."""
    try:
        cli.main(prog_name="lyftr", standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.exceptions.NoArgsIsHelpError as exc:
        click.echo(exc.format_message(), err=True)
        sys.exit(exc.exit_code)
    except click.ClickException as exc:
        _fail(exc.format_message(), exc.exit_code)
    except (InvalidSettings, LyftrError, OSError) as exc:
        _fail(str(exc), 1)


def _fail(message: str, code: int) -> None:
    click.echo(f"lyftr: {' '.join(message.split())}", err=True)
    sys.exit(code)
