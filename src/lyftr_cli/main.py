"""The command line: the server, messages for people, and what is done to a database."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from lyftr_cli.commands.backup import backup, restore
from lyftr_cli.commands.conflicts import conflicts
from lyftr_cli.commands.conformance import conformance
from lyftr_cli.commands.copy import copy
from lyftr_cli.commands.export import export
from lyftr_cli.commands.import_ import import_
from lyftr_cli.commands.maintenance import check, migrate, rebuild
from lyftr_cli.commands.removal import erase, purge
from lyftr_cli.commands.search import search
from lyftr_cli.commands.send import send
from lyftr_cli.commands.serve import serve
from lyftr_cli.commands.sign import sign
from lyftr_cli.commands.stats import stats
from lyftr_cli.commands.tail import tail
from lyftr_cli.commands.verify import verify
from lyftr_cli.output.output import say
from lyftr_cli.output.standard_output import (
    OutputClosed,
    end_quietly,
    gather_output,
    require_open_output,
)
from lyftr_core import LyftrError, __version__
from lyftr_runtime.settings import VARIABLES, InvalidSettings

__all__ = ["SECTIONS", "SectionedGroup", "cli", "run"]


class SectionedGroup(click.Group):
    """A click group that has its commands in sections."""

    _sections: Mapping[str, Sequence[click.Command]] = {}

    def add_sections(self, sections: Mapping[str, Sequence[click.Command]]) -> None:
        """Add commands.

        Args:
            sections: The commands by heading; both in the order in which the help shows them.
        """
        self._sections = sections
        for commands in sections.values():
            for command in commands:
                self.add_command(command)

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 - as click has it
    ) -> click.Context:
        """Read the arguments; `--help` prints here.

        Raises:
            OutputClosed: The reader of its output has ended.
        """
        with _noticing_closed_output():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> object:
        """Run a command.

        Raises:
            OutputClosed: The reader of its output has ended.
        """
        with _noticing_closed_output():
            result: object = super().invoke(ctx)
            return result

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands of each section."""
        widest = max(len(name) for name in self.list_commands(ctx))
        room = formatter.width - widest - 6  # an indent, a gap, and as much at the end
        for heading, commands in self._sections.items():
            with formatter.section(heading):
                formatter.write_dl(
                    [(f"{c.name:{widest}}", c.get_short_help_str(room)) for c in commands]
                )


@contextmanager
def _noticing_closed_output() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        # Another pipe may break, too: that is an error like others.
        require_open_output()
        raise


_NAME = "lyftr"
_VARIABLE = "_LYFTR_COMPLETE"
_SHELLS: dict[str, type[ShellComplete]] = {
    "bash": BashComplete,
    "zsh": ZshComplete,
    "fish": FishComplete,
}
_EXAMPLES = """
\b
Examples:
  lyftr completion bash >> ~/.bashrc
  lyftr completion zsh >> ~/.zshrc
  lyftr completion fish > ~/.config/fish/completions/lyftr.fish
"""


@click.command(epilog=_EXAMPLES)
@click.argument("shell", type=click.Choice(list(_SHELLS)))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what makes a shell complete commands and options with the Tab key.

    Put it where the shell reads it at its start, and start a new one. Bash must be 4.4 or later.
    """
    script = _SHELLS[shell](context.find_root().command, {}, _NAME, _VARIABLE)
    # Not `source()`, which starts a bash to ask for its version.
    click.echo(script.source_template % script.source_vars())


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
        cli.main(prog_name=_NAME, standalone_mode=False)
    finally:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            raise OutputClosed from None


def _fail(message: str, code: int) -> None:
    with suppress(OSError):  # the exit status is told all the same
        say(f"lyftr: {' '.join(message.split())}", err=True)
    sys.exit(code)
