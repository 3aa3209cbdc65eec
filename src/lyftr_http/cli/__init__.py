"""The command line: the server, messages for people, and what is done to a database."""

import sys
from contextlib import suppress

import click

from lyftr_core import LyftrError, __version__
from lyftr_http.cli.backup import backup
from lyftr_http.cli.check import check
from lyftr_http.cli.completion import completion
from lyftr_http.cli.conflicts import conflicts
from lyftr_http.cli.conformance import conformance
from lyftr_http.cli.copy import copy
from lyftr_http.cli.erase import erase
from lyftr_http.cli.export import export
from lyftr_http.cli.import_ import import_
from lyftr_http.cli.migrate import migrate
from lyftr_http.cli.output import say
from lyftr_http.cli.purge import purge
from lyftr_http.cli.rebuild import rebuild
from lyftr_http.cli.restore import restore
from lyftr_http.cli.search import search
from lyftr_http.cli.sectioned_group import SectionedGroup
from lyftr_http.cli.send import send
from lyftr_http.cli.serve import serve
from lyftr_http.cli.sign import sign
from lyftr_http.cli.standard_output import OutputClosed, end_quietly, gather_output
from lyftr_http.cli.stats import stats
from lyftr_http.cli.tail import tail
from lyftr_http.cli.verify import verify
from lyftr_http.settings import VARIABLES, InvalidSettings

__all__ = ["SECTIONS", "cli", "run"]

SECTIONS: dict[str, tuple[click.Command, ...]] = {
    "Server": (serve, migrate),
    "Senders": (send, sign, verify, conformance),
    "Messages": (tail, search, stats, conflicts),
    "Data": (check, rebuild, export, import_, backup, restore, copy, purge, erase),
    "Shell": (completion,),
}
"""Every command, as the help groups them."""


@click.group(
    cls=SectionedGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=f"""A webhook inbox for signed text messages.

    Configuration comes from environment variables and from a .env file in the current folder:
    {", ".join(VARIABLES)}.
    """,
)
@click.version_option(__version__, "-V", "--version", message="lyftr %(version)s")
def cli() -> None:
    """Run one of the commands."""


cli.add_sections(SECTIONS)


def run() -> None:
    """Run the command line. What goes wrong is one line on standard error and a non-zero exit.

    Where the reader of the output has ended, as behind `| head`, it ends with 1 and says nothing.
    """
    try:
        _run_and_flush()
    except click.exceptions.Abort:
        sys.exit(130)
    except OutputClosed:
        end_quietly()
    except click.exceptions.NoArgsIsHelpError as exc:
        click.echo(exc.format_message(), err=True)
        sys.exit(exc.exit_code)
    except click.ClickException as exc:
        _fail(exc.format_message(), exc.exit_code)
    except (InvalidSettings, LyftrError, OSError) as exc:
        _fail(str(exc), 1)


def _run_and_flush() -> None:
    """Run the command; see that all it has printed is written while errors still can be told.

    Raises:
        click.ClickException: Standard output takes no more.
        OutputClosed: Its reader has gone.
    """
    gather_output()
    try:
        cli.main(prog_name="lyftr", standalone_mode=False)
    finally:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            raise OutputClosed from None


def _fail(message: str, code: int) -> None:
    with suppress(OSError):  # the exit status is told all the same
        say(f"lyftr: {' '.join(message.split())}", err=True)
    sys.exit(code)
